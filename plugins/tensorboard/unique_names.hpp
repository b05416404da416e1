// SPDX-License-Identifier: MIT
// Names of which no two are equal.
#pragma once

#include <set>
#include <string>

namespace kairos::plugins::tensorboard {

class UniqueNames {
 public:
  /// The name that was wished for, or the first of wish_1, wish_2, … that nobody has, as TensorFlow does.
  std::string claim(const std::string& wish) {
    std::string name = wish;
    for (int n = 1; !taken_.insert(name).second; ++n) name = wish + "_" + std::to_string(n);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

}  // namespace kairos::plugins::tensorboard
