// expect: two options have the same name or alias
// SPDX-License-Identifier: MIT
// An alias that is another option's name.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<int> a{this, "rate", 1, "first"};
  kairos::Option<int> b{this, "speed", 1, "second", kairos::alias("rate")};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
