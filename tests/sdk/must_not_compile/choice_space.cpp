// expect: choices must be different words
// SPDX-License-Identifier: MIT
// A space between two choices.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<kairos::Choice> a{this, "mode", "auto", "mode", kairos::choices("auto, min")};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
