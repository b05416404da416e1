// expect: this name of an option is reserved by the host
// SPDX-License-Identifier: MIT
// A name that the host uses itself.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<bool> n{this, "isolate", false, "alone"};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
