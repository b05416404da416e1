// expect: a callback must derive from kairos::Callback of itself
// SPDX-License-Identifier: MIT
// No base at all.
#include <kairos/plugin.hpp>

struct Mine {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
