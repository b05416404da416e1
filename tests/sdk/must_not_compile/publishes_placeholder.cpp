// expect: publishes must be different log keys
// SPDX-License-Identifier: MIT
// A placeholder that is no option.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  static constexpr auto publishes = "{monitor}_smooth";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
