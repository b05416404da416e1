// SPDX-License-Identifier: MIT
// A bias that is added to a product in a pass of its own.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "nn/layers/repeated_values.hpp"

namespace kairos::host {

/// Results do not depend on the number of threads.
class RowBias {
 public:
  /// `bias` has the dimensions of `sample`, or its last ones; along a dimension of 1 it is the same.
  void place(const Shape& bias, const Shape& sample);
  /// Allocates for a batch of that size.
  void reserve(std::int64_t batch);
  /// Values of a row, of which a sample is a number.
  [[nodiscard]] std::int64_t width() const noexcept { return row_.width(); }

  /// y += bias
  void add(std::int64_t batch, const float* bias, float* y);
  void gradient(std::int64_t batch, const float* y_gradient, float* bias_gradient);

 private:
  RepeatedValues row_;
  std::int64_t rows_per_sample_ = 0;
  FloatBuffer values_;  ///< of a row
  FloatBuffer sums_;    ///< of the parts of a batch, a row each
};

}  // namespace kairos::host
