// expect: the default of an option is not one of its choices
// SPDX-License-Identifier: MIT
// A misspelled default.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<kairos::Choice> a{this, "mode", "atuo", "mode", kairos::choices("auto,min")};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
