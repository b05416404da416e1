// SPDX-License-Identifier: MIT
// Dense arrays of float32.
#pragma once

#include <cstdint>
#include <vector>

#include "kairos/host/tensor.hpp"

namespace kairos::host {

/// Row-major float32 values, owned by the array. In data sets the first dimension counts the samples.
struct Array {
  std::vector<std::int64_t> shape;
  std::vector<float> values;

  [[nodiscard]] std::int64_t rows() const noexcept { return shape.empty() ? 0 : shape.front(); }
  /// Values per sample: the product of all dimensions but the first; 1 for rank 1.
  [[nodiscard]] std::int64_t row_size() const noexcept;
};

}  // namespace kairos::host
