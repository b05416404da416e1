// SPDX-License-Identifier: MIT
// The elementwise part of single layers: noise, PReLU, scaled rows, grouped normalization, interpolation.
// Compiled for several levels of x86-64, like kernels.hpp.
#pragma once

#include <cstdint>

namespace kairos::host {

/// A row that is divided by its length: y = x · inverse · scale.
struct ScaledRow {
  std::int64_t width;
  const float* scale;  ///< null: 1
  float share;         ///< factor of the sum of squares: 1 / width for their mean
};

/// The gradient of values that were normalized with the mean and deviation of their group.
/// x_gradient = own · y_gradient - (summand + (x - mean) · factor), with a value of each per column.
struct GroupedGradient {
  std::int64_t rows, width;
  const float *x, *mean, *own, *summand, *factor, *y_gradient;
  float* x_gradient;
};

struct LayerKernels {
  /// values[i] = mean + deviation · a normal number that depends on key and first + i alone.
  void (*draw_normal)(std::int64_t n, std::uint64_t key, std::uint64_t first, float mean, float deviation,
                      float* values);

  /// y = x, or alpha · x where x < 0, with an alpha for each value. y may be x.
  void (*prelu)(std::int64_t n, const float* alpha, const float* x, float* y);
  /// Adds to alpha_gradient and writes x_gradient, unless they are null.
  void (*prelu_gradient)(std::int64_t n, const float* alpha, const float* x, const float* y_gradient,
                         float* alpha_gradient, float* x_gradient);

  /// inverse = 1 / √(share · Σ x² + epsilon), but at most `most`; it is returned. y may be x.
  float (*scale_row)(const ScaledRow& row, float epsilon, float most, const float* x, float* y);
  /// `share` of the row is 0 if `inverse` was limited. Adds to scale_gradient and writes x_gradient, unless
  /// they are null.
  void (*scale_row_gradient)(const ScaledRow& row, float inverse, const float* x, const float* y_gradient,
                             float* scale_gradient, float* x_gradient);

  void (*grouped_gradient)(const GroupedGradient& values);

  /// y = a + (b - a) · share. y may be a or b.
  void (*blend)(std::int64_t n, const float* a, const float* b, float share, float* y);
  /// y += x · factor
  void (*add_scaled)(std::int64_t n, const float* x, float factor, float* y);
};

/// The table for the highest level that this processor supports.
[[nodiscard]] const LayerKernels& layer_kernels() noexcept;

}  // namespace kairos::host
