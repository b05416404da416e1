// SPDX-License-Identifier: MIT
// Normalizes values to mean 0 and variance 1, down the columns of a batch or along each row.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "compute/buffer.hpp"
#include "compute/kernels/normalizing.hpp"

namespace kairos::host {

/// `scale` and `offset` hold a value per column. Null means 1 and 0.
struct NormalizationWeights {
  const float* scale;
  const float* offset;
};

/// Their gradients, and that of the input; null if not needed.
struct NormalizationGradients {
  float* scale;
  float* offset;
  float* input;
};

/// Which rows count: a value for every `rows_per_value` rows, 0 for rows that do not. Null: all count.
struct RowMask {
  const float* values = nullptr;
  std::int64_t rows_per_value = 1;

  [[nodiscard]] bool counts(std::int64_t row) const {
    return values == nullptr || values[row / rows_per_value] != 0;
  }
};

/// Sums values in place over the processes that have other rows of the same batch.
using SumOfParts = std::function<void(std::span<double>)>;

/// Normalizes the columns of [rows, width] over all rows, as batch normalization does. Allocates only on
/// construction. Results do not depend on the number of threads.
class ColumnNormalizer {
 public:
  ColumnNormalizer(std::int64_t width, float epsilon);

  /// Computes mean and population variance from the rows of `x` that count, and with `sum` of those of all
  /// processes, which make the same calls; 0 if there are none. Borrows the mask until `backward`.
  void measure(std::int64_t rows, const float* x, const RowMask& mask, const SumOfParts& sum = {});
  /// Uses a given mean and variance, which are then constants for the gradient.
  void use(const float* mean, const float* variance);
  [[nodiscard]] const float* mean() const noexcept { return mean_.data(); }
  [[nodiscard]] const float* variance() const noexcept { return variance_.data(); }

  void forward(std::int64_t rows, const float* x, const NormalizationWeights& weights, float* y);
  /// Uses the statistics of the last `measure` or `use`, with the same `sum`. The gradients of scale and
  /// offset are those of the own rows.
  void backward(std::int64_t rows, const float* x, const NormalizationWeights& weights,
                const float* y_gradient, const NormalizationGradients& gradients, const SumOfParts& sum = {});

 private:
  void invert_deviation();

  std::int64_t width_;
  float epsilon_;
  bool measured_ = false;
  RowMask mask_;
  double counted_ = 0;  ///< rows that count
  FloatBuffer mean_, variance_, inverse_deviation_;
  FloatBuffer own_, factor_, shift_;    ///< scratch of a pass
  std::vector<double> sums_, squares_;  ///< [parts, width]: a batch may have millions of rows
  std::vector<double> counts_;          ///< [parts]
  std::vector<double> joined_;          ///< what processes sum
};

/// Normalizes each row of [rows, width], as layer normalization does. Results do not depend on the number of
/// threads.
class RowNormalizer {
 public:
  RowNormalizer(std::int64_t width, float epsilon) : width_(width), epsilon_(epsilon) {}
  void reserve(std::int64_t rows);

  void forward(std::int64_t rows, const float* x, const NormalizationWeights& weights, float* y);
  /// Uses the statistics of the last `forward`.
  void backward(std::int64_t rows, const float* x, const NormalizationWeights& weights,
                const float* y_gradient, const NormalizationGradients& gradients);

 private:
  std::int64_t width_;
  float epsilon_;
  std::vector<RowStatistics> statistics_;           ///< [rows]
  FloatBuffer scale_gradients_, offset_gradients_;  ///< [parts, width]
};

}  // namespace kairos::host
