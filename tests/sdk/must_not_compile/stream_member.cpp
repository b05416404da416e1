// expect: wrap a std::string, std::vector or std::ofstream in kairos::Owned<T>
// SPDX-License-Identifier: MIT
// A member that can be no constant in any version of C++.
#include <kairos/plugin.hpp>

#include <fstream>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  std::ofstream file;
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
