// expect: the default of an option is not one of its choices
// SPDX-License-Identifier: MIT
// The second item of a default is none of the choices.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<kairos::List<kairos::Choice>> modes{this, "modes", "min,most", "words",
                                                     kairos::choices("min,max")};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
