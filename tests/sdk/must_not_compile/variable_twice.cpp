// expect: variables must be different names
// SPDX-License-Identifier: MIT
// One name for two variables.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<kairos::Expression> a{this, "formula", "x", "formula", kairos::variables("x,x")};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
