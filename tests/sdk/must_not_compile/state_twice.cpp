// expect: two states have the same name
// SPDX-License-Identifier: MIT
// A state that would be saved under the name of another one.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::State<int> a{this, "wait", 0};
  kairos::State<int> b{this, "wait", 0};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
