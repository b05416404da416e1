// expect: an alias must be a name
// SPDX-License-Identifier: MIT
// A space between two aliases.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<int> a{this, "rate", 1, "rate", kairos::alias("speed, pace")};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
