// expect: on_epoch_ends is not a hook and would never be called; did you mean on_epoch_end?
// SPDX-License-Identifier: MIT
// A letter too many, beside another hook.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_epoch_begin(kairos::Epoch&) {}
  void on_epoch_ends(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
