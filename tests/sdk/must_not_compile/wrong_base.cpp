// expect: a callback must derive from kairos::Callback of itself
// SPDX-License-Identifier: MIT
// The base of another class, which happens when a callback is copied.
#include <kairos/plugin.hpp>

struct Other : kairos::Callback<Other> {
  static constexpr auto id = "test.Other";
  void on_epoch_end(kairos::Epoch&) {}
};
struct Mine : kairos::Callback<Other> {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
