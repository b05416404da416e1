// SPDX-License-Identifier: MIT
// What the columns of a CSV are called and what each is for.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kairos/host/data.hpp"

namespace kairos::host {

enum class ColumnUse { Input, Target, Weight };

struct CsvColumn {
  std::string name;  ///< "" without a header
  ColumnUse use = ColumnUse::Input;
  std::size_t slot = 0;  ///< among the columns of the same use
};

struct CsvColumns {
  std::vector<CsvColumn> all;
  std::size_t inputs = 0, targets = 0, weights = 0;

  /// `column "petal"`, or `column 3 (counted from 0)` where there is no header.
  [[nodiscard]] std::string call(std::size_t index) const;
};

/// Whether the first record names the columns.
[[nodiscard]] bool is_header(const std::vector<std::string>& record, const DataSpec& spec);

/// Finds the target and weight columns; `names` are empty strings without a header. Throws Error(Data) with
/// the nearest name.
[[nodiscard]] CsvColumns assign_columns(const std::vector<std::string>& names, const DataSpec& spec);

}  // namespace kairos::host
