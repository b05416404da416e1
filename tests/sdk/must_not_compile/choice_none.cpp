// expect: an Option<Choice> or Option<List<Choice>> needs its words
// SPDX-License-Identifier: MIT
// A choice without choices.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<kairos::Choice> a{this, "mode", "auto", "mode"};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
