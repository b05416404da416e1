// expect: the default of an option is not of the option's type
// SPDX-License-Identifier: MIT
// A default that would silently become 0.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<int> patience{this, "patience", 2.5, "epochs"};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
