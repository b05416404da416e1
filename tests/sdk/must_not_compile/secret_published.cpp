// expect: publishes must be different log keys
// SPDX-License-Identifier: MIT
// A log key that would show a secret.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  static constexpr auto publishes = "{token}_smooth";
  kairos::Option<std::string_view> a{this, "token", kairos::required, "token", kairos::secret};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
