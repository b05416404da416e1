// expect: write it as: void on_epoch_end(kairos::Epoch&)
// SPDX-License-Identifier: MIT
// A hook with the parameters that it has in Python.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_epoch_begin(kairos::Epoch&) {}
  void on_epoch_end(int, double) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
