// expect: a callback class must not be final
// SPDX-License-Identifier: MIT
// A class that cannot be searched for hooks.
#include <kairos/plugin.hpp>

struct Mine final : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
