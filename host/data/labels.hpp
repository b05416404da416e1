// SPDX-License-Identifier: MIT
// Class labels in words, and the numbers that stand for them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kairos/host/dataset.hpp"

namespace kairos::host {

/// Words that tables use where a value is missing; as labels they would silently become a class.
[[nodiscard]] bool is_missing_mark(const std::string& label);

/// Collects one label per row.
class Labels {
 public:
  /// False if it came before.
  bool add(const std::string& label);
  /// The rows of `other` behind these.
  void append(const Labels& other);
  /// Each label once, in byte order.
  [[nodiscard]] std::vector<std::string> sorted() const;
  /// A number per row: the position in `class_names`, or in `sorted()` if that is empty. Throws Error(Data)
  /// for a label that is not in `class_names`; `data` names its row.
  [[nodiscard]] std::vector<float> numbers(const std::vector<std::string>& class_names,
                                           const Dataset& data) const;

 private:
  std::map<std::string, std::size_t> seen_;  ///< label to the order in which it came
  std::vector<std::size_t> rows_;            ///< that order, per row
};

}  // namespace kairos::host
