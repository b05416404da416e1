// SPDX-License-Identifier: MIT
// The levels of x86-64 that loops are compiled for and this processor supports.
#pragma once

#include <string>
#include <vector>

namespace kairos::tests {

template <class Kernels>
struct Level {
  std::string name;
  const Kernels* kernels;
};

/// The level chosen for this processor and those below it. `v3` is null if the loops have no such level.
template <class Kernels>
std::vector<Level<Kernels>> levels_of(const Kernels& base, const Kernels* v3, const Kernels& chosen) {
  std::vector<Level<Kernels>> found{{"base", &base}, {"chosen", &chosen}};
  if (v3 != nullptr && &chosen != &base) found.push_back({"v3", v3});
  return found;
}

}  // namespace kairos::tests
