// expect: the id must be a reverse domain and a name
// SPDX-License-Identifier: MIT
// An id with a space.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "com.example.My Callback";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
