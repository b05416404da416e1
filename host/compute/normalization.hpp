// SPDX-License-Identifier: MIT
// Brings values to mean 0 and variance 1, down the columns of a batch or along each row.
#pragma once

#include <cstdint>
#include <vector>

#include "compute/buffer.hpp"

namespace kairos::host {

/// `scale` and `offset` hold a value per column and may be null, which means 1 and 0.
struct NormalizationWeights {
  const float* scale;
  const float* offset;
};

/// Gradients of the same; null where nobody asks for one.
struct NormalizationGradients {
  float* scale;
  float* offset;
  float* input;
};

/// Which rows count: a value for every `rows_per_value` of them, 0 for those that do not. Null: all.
struct RowMask {
  const float* values = nullptr;
  std::int64_t rows_per_value = 1;

  [[nodiscard]] bool counts(std::int64_t row) const {
    return values == nullptr || values[row / rows_per_value] != 0;
  }
};

/// Columns over all rows of [rows, width], as batch normalization does. Allocates when it is made only.
class ColumnNormalizer {
 public:
  ColumnNormalizer(std::int64_t width, float epsilon);

  /// Takes mean and variance (of the population) from those rows of `x` that count; 0 if none does. Borrows
  /// the mask until `backward`.
  void measure(std::int64_t rows, const float* x, const RowMask& mask);
  /// Takes them as they are given; the gradient then does not go through them.
  void use(const float* mean, const float* variance);
  [[nodiscard]] const float* mean() const noexcept { return mean_.data(); }
  [[nodiscard]] const float* variance() const noexcept { return variance_.data(); }

  void forward(std::int64_t rows, const float* x, const NormalizationWeights& weights, float* y);
  /// For the statistics of the last `measure` or `use`.
  void backward(std::int64_t rows, const float* x, const NormalizationWeights& weights,
                const float* y_gradient, const NormalizationGradients& gradients);

 private:
  void invert_deviation();

  std::int64_t width_;
  float epsilon_;
  bool measured_ = false;
  RowMask mask_;
  double counted_ = 0;  ///< rows that were measured
  FloatBuffer mean_, variance_, inverse_deviation_;
  FloatBuffer factor_, shift_;           ///< of one pass
  std::vector<double> sum_, other_sum_;  ///< in double: a batch may have millions of rows
};

/// Each row of [rows, width] for itself, as layer normalization does. `mean` and `inverse_deviation` get a
/// value per row, which the gradient needs.
void normalize_rows(std::int64_t rows, std::int64_t width, float epsilon, const float* x,
                    const NormalizationWeights& weights, float* mean, float* inverse_deviation, float* y);
void normalize_rows_backward(std::int64_t rows, std::int64_t width, const float* x, const float* mean,
                             const float* inverse_deviation, const NormalizationWeights& weights,
                             const float* y_gradient, const NormalizationGradients& gradients);

}  // namespace kairos::host
