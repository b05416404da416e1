// expect: this callback has no hook; see kairos/callback.hpp
// SPDX-License-Identifier: MIT
// A member function that is no hook.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void after_epoch(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
