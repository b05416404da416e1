// SPDX-License-Identifier: MIT
// A callback under the id that another one had before.
#include <kairos/plugin.hpp>
#include <string>

struct Former : kairos::Callback<Former> {
  static constexpr auto id = "test.Former";
  kairos::State<int> epochs{this, "epochs", 0};
  void on_epoch_end(kairos::Epoch&) { epochs += 1; }
};

KAIROS_PLUGIN("1.0.0", Former)
