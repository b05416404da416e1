// SPDX-License-Identifier: MIT
// String class labels, and their numbers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kairos/host/dataset.hpp"

namespace kairos::host {

/// Words for a missing value in tables; as labels they would silently become a class.
[[nodiscard]] bool is_missing_mark(const std::string& label);

/// Collects one label per row.
class Labels {
 public:
  /// False if the label occurred before.
  bool add(const std::string& label);
  /// Appends the rows of `other`.
  void append(const Labels& other);
  /// The distinct labels in byte order.
  [[nodiscard]] std::vector<std::string> sorted() const;
  /// A number per row: the position in `class_names`, or in `sorted()` if that is empty. Throws Error(Data)
  /// for a label that is not in `class_names`; `data` is used to name its row.
  [[nodiscard]] std::vector<float> numbers(const std::vector<std::string>& class_names,
                                           const Dataset& data) const;

 private:
  std::map<std::string, std::size_t> seen_;  ///< label to its position in order of first occurrence
  std::vector<std::size_t> rows_;            ///< that position, per row
};

}  // namespace kairos::host
