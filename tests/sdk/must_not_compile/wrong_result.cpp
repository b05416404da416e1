// expect: write it as: void on_train_batch_end(kairos::Batch&)
// SPDX-License-Identifier: MIT
// A hook that returns something.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  bool on_train_batch_end(kairos::Batch&) { return true; }
};
KAIROS_PLUGIN("1.0.0", Mine)
