// SPDX-License-Identifier: MIT
// Normalization down the columns and along the rows of [rows, width], compiled for several levels of x86-64,
// like kernels.hpp. Sums are taken over blocks in float32 and over the blocks in double precision.
#pragma once

#include <cstdint>

namespace kairos::host {

/// One row of a layer normalization.
struct NormalizedRow {
  std::int64_t width;
  const float* scale;   ///< null: 1
  const float* offset;  ///< null: 0
};

struct RowStatistics {
  float mean, inverse_deviation;
};

struct NormalizingKernels {
  /// The means of the columns, and the sums of squared differences from them.
  void (*moments)(std::int64_t rows, std::int64_t width, const float* x, double* mean, double* squares);
  /// y = (x - mean) · factor + summand, each of the last three with a value per column. y may be x.
  void (*normalize)(std::int64_t rows, std::int64_t width, const float* x, const float* mean,
                    const float* factor, const float* summand, float* y);
  /// The sums of the gradient, and of gradient · (x - mean) · inverse.
  void (*gradient_sums)(std::int64_t rows, std::int64_t width, const float* x, const float* mean,
                        const float* inverse, const float* y_gradient, double* sum, double* weighted);
  /// x_gradient = own · (y_gradient - (summand + (x - mean) · factor)), with a value of each per column.
  void (*gradient)(std::int64_t rows, std::int64_t width, const float* x, const float* mean, const float* own,
                   const float* summand, const float* factor, const float* y_gradient, float* x_gradient);

  RowStatistics (*normalize_row)(const NormalizedRow& row, float epsilon, const float* x, float* y);
  /// Adds to the gradients of scale and offset, and writes that of x, unless they are null.
  void (*row_gradient)(const NormalizedRow& row, const RowStatistics& statistics, const float* x,
                       const float* y_gradient, float* scale_gradient, float* offset_gradient,
                       float* x_gradient);
};

/// The table for the highest level that this processor supports.
[[nodiscard]] const NormalizingKernels& normalizing_kernels() noexcept;

}  // namespace kairos::host
