// SPDX-License-Identifier: MIT
// Loops that are compiled for several levels of x86-64 and chosen when the program runs. Includes nothing of
// the standard library but types: an inline function compiled for a new processor here could be the copy that
// the linker keeps for all.
#pragma once

#include <cstdint>

namespace kairos::host {

struct AdamStep;

/// A factor of a product: element (row, column) stands at data[row * row_step + column * column_step].
struct MatrixView {
  const float* data;
  std::int64_t row_step;
  std::int64_t column_step;
};

/// Sums are taken in an order that depends on the sizes alone, so the same call gives the same bits.
struct Kernels {
  /// Floats of scratch that `multiply` needs.
  std::int64_t (*multiply_scratch)(std::int64_t depth);
  /// c [rows, columns] = a [rows, depth] · b [depth, columns], plus `bias` [columns] in every row unless it
  /// is null; b and c are row-major. For factors that stay in the nearer caches: nothing is blocked for them.
  void (*multiply)(std::int64_t rows, std::int64_t columns, std::int64_t depth, MatrixView a, const float* b,
                   const float* bias, float* c, float* scratch);
  /// to [columns, rows] = from [rows, columns], turned over.
  void (*transpose)(std::int64_t rows, std::int64_t columns, const float* from, float* to);
  /// sum [columns] of all rows.
  void (*sum_rows)(std::int64_t rows, std::int64_t columns, const float* from, float* sum);

  /// NaN stays NaN. y may be x.
  void (*relu)(std::int64_t n, const float* x, float* y);
  /// x_gradient may be y_gradient.
  void (*relu_gradient)(std::int64_t n, const float* y, const float* y_gradient, float* x_gradient);

  void (*sgd)(std::int64_t n, float rate, const float* g, float* w);
  void (*momentum)(std::int64_t n, float rate, float momentum, const float* g, float* m, float* w);
  void (*nesterov)(std::int64_t n, float rate, float momentum, const float* g, float* m, float* w);
  void (*adam)(std::int64_t n, const AdamStep& step, const float* g, float* m, float* v, float* w);
};

/// The best that this processor can run.
[[nodiscard]] const Kernels& kernels() noexcept;

}  // namespace kairos::host
