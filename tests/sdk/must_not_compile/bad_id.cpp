// expect: the id must be a reverse domain and a name
// SPDX-License-Identifier: MIT
// A name without a domain.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
