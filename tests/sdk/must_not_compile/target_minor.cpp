// expect: KAIROS_TARGET_MINOR is newer than this SDK
// SPDX-License-Identifier: MIT
// A plugin that wants more than this SDK describes.
#define KAIROS_TARGET_MINOR 99
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
