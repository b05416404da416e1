// expect: only an Option<Choice> or Option<List<Choice>> has choices
// SPDX-License-Identifier: MIT
// Choices of a number.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<int> a{this, "mode", 1, "mode", kairos::choices("1,2")};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
