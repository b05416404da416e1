// SPDX-License-Identifier: MIT
// Weights that are shared along some dimensions of a sample.
#pragma once

#include <cstdint>
#include <vector>

#include "nn/parameter.hpp"

namespace kairos::host {

/// A row begins at the first dimension that is not shared, or before it, and a sample is a number of equal
/// rows.
class RepeatedValues {
 public:
  /// `values` has the dimensions of `sample`, or its last ones; a dimension of 1 is shared.
  void place(const Shape& values, const Shape& sample);

  /// Values of a row.
  [[nodiscard]] std::int64_t width() const noexcept { return width_; }

  /// row[i] = the value for it.
  void repeat(const float* values, float* row) const;
  /// values[i] = the sum of what belongs to it in the row.
  void sum(const float* row, float* values) const;

 private:
  std::int64_t width_ = 1;
  std::int64_t count_ = 1;               ///< of values
  std::vector<std::int32_t> positions_;  ///< index of the value for each place in the row; empty if equal
};

}  // namespace kairos::host
