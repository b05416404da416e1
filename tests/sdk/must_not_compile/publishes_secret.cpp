// expect: publishes must be different log keys
// SPDX-License-Identifier: MIT
// A key of the logs that would show a secret.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  static constexpr auto publishes = "{token}_rate";
  kairos::Option<std::string_view> token{this, "token", kairos::unset, "token", kairos::secret};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
