// SPDX-License-Identifier: MIT
// Unique names.
#pragma once

#include <set>
#include <string>

namespace kairos::plugins::tensorboard {

class UniqueNames {
 public:
  /// The requested name, or the first unused one of name_1, name_2, …, like TensorFlow.
  std::string claim(const std::string& wish) {
    std::string name = wish;
    for (int n = 1; !taken_.insert(name).second; ++n) name = wish + "_" + std::to_string(n);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

}  // namespace kairos::plugins::tensorboard
