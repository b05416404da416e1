// expect: write it as: void on_epoch_end(kairos::Epoch&)
// SPDX-License-Identifier: MIT
// A hook that takes another event than its own.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Batch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
