// expect: a secret must be an Option<std::string_view> without a default
// SPDX-License-Identifier: MIT
// A secret that everybody can read in the file.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<std::string_view> token{this, "token", "hunter2", "token", kairos::secret};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
