// expect: a secret is an Option<std::string_view> with kairos::required or kairos::unset
// SPDX-License-Identifier: MIT
// A secret with a default, which could be read in the file.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<std::string_view> a{this, "token", "hunter2", "token", kairos::secret};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
