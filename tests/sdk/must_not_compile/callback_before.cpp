// expect: aliases, before and after must be different ids of other callbacks
// SPDX-License-Identifier: MIT
// A space between two ids.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  static constexpr auto before = "test.A, test.B";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
