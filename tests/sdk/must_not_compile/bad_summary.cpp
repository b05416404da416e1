// expect: the summary must be one line
// SPDX-License-Identifier: MIT
// A summary of two lines.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  static constexpr auto summary = "First.\nSecond.";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
