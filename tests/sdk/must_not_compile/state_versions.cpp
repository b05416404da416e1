// expect: oldest_state_version must be from 1 to state_version
// SPDX-License-Identifier: MIT
// A version that does not exist yet.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  static constexpr std::uint32_t oldest_state_version = 2;
  kairos::State<int> a{this, "wait", 0};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
