// SPDX-License-Identifier: MIT
// Divides rows by their length, or by the root of their mean square.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"

namespace kairos::host {

/// y = x · inverse · scale with inverse = 1 / √(share · Σ x² + epsilon) of the row, but at most `most`.
/// Results do not depend on the number of threads.
class RowScaler {
 public:
  RowScaler(std::int64_t width, float share, float epsilon, float most)
      : width_(width), share_(share), epsilon_(epsilon), most_(most) {}
  void reserve(std::int64_t rows);

  /// `scale` has a value per column; null means 1.
  void forward(std::int64_t rows, const float* x, const float* scale, float* y);
  /// Uses the lengths of the last `forward`. Gradients may be null.
  void backward(std::int64_t rows, const float* x, const float* scale, const float* y_gradient,
                float* scale_gradient, float* x_gradient);

 private:
  std::int64_t width_;
  float share_, epsilon_, most_;
  FloatBuffer inverse_;          ///< [rows]
  FloatBuffer scale_gradients_;  ///< [parts, width]
};

}  // namespace kairos::host
