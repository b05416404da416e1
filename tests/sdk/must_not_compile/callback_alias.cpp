// expect: aliases, before and after must be different ids of other callbacks
// SPDX-License-Identifier: MIT
// A former id that is the present one.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  static constexpr auto aliases = "test.Old,test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
