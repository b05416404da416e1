// expect: State<T> needs a trivially copyable T, std::string, std::vector of a trivially copyable type,
// SPDX-License-Identifier: MIT
// A state that cannot be saved as bytes.
#include <kairos/plugin.hpp>

#include <map>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::State<std::map<int, int>> seen{this, "seen", 0};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
