// expect: the help, the unit and the reason in deprecated() of an option must be one line each
// SPDX-License-Identifier: MIT
// Help of two lines.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<int> a{this, "rate", 1, "first\nsecond"};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
