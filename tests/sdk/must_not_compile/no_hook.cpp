// expect: this callback has no hook; see kairos/callback.hpp
// SPDX-License-Identifier: MIT
// A name that is nearly a hook.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_epoch_ended(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
