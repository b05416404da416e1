// expect: a callback needs an id
// SPDX-License-Identifier: MIT
// No name.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
