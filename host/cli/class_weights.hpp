// SPDX-License-Identifier: MIT
// --class-weight: a weight for each class, by its number or by its name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kairos::host::cli {

struct ClassWeight {
  std::string label;  ///< as the user calls the class
  double weight;
};

/// "cat=2,dog=0.5". Throws Error(Usage).
[[nodiscard]] std::vector<ClassWeight> read_class_weights(const std::string& text);

/// By number, where the data have been read and `names` are those of their classes: empty for a target of
/// numbers. What is a name and a number too is the name. Throws Error(Usage) for a class that is not there.
[[nodiscard]] std::map<std::int64_t, double> weights_by_number(const std::vector<ClassWeight>& weights,
                                                               const std::vector<std::string>& names);

}  // namespace kairos::host::cli
