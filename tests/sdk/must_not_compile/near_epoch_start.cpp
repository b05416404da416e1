// expect: on_epoch_start is not a hook and would never be called; did you mean on_epoch_begin?
// SPDX-License-Identifier: MIT
// Another library's name of a hook, inherited from a base.
#include <kairos/plugin.hpp>

struct Base {
  void on_epoch_start(kairos::Epoch&) {}
};
struct Mine : kairos::Callback<Mine>, Base {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
