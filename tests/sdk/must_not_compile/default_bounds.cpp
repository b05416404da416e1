// expect: the default of an option is outside of its bounds
// SPDX-License-Identifier: MIT
// A default that the host would not accept from a user.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<double> a{this, "rate", 0, "rate", kairos::above(0)};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
