// expect: publishes must be different log keys
// SPDX-License-Identifier: MIT
// An empty list of keys.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  static constexpr auto publishes = "";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
