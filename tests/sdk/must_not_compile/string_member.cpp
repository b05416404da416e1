// expect: wrap a std::string, std::vector or std::ofstream in kairos::Owned<T>
// SPDX-License-Identifier: MIT
// A member that owns memory.
#include <kairos/plugin.hpp>

#include <string>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  std::string text;
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
