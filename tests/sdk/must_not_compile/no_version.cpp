// expect: KAIROS_PLUGIN begins with the version of the plugin
// SPDX-License-Identifier: MIT
// No version.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("", Mine)
