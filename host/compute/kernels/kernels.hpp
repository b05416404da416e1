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

enum class Into {
  Fresh,  ///< c is overwritten
  Sum,    ///< the product is added to c
};

/// How the right factor of a product lies in memory.
enum class Layout {
  Rows,    ///< row-major
  Panels,  ///< `pack_panels` made it of rows: what a loop reads one after the other lies so
};

/// c [rows, columns] = a [rows, segments · depth] · b [segments · depth, columns], plus `bias` [columns] in
/// every row unless it is null. c is row-major. The columns of `a` come in `segments` pieces of
/// `depth`, which lie `a_segment_step` apart: the window of a convolution is made of such.
struct Product {
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t depth;
  MatrixView a;
  const float* b;
  float* c;
  const float* bias = nullptr;
  Into into = Into::Fresh;
  std::int64_t segments = 1;
  std::int64_t a_segment_step = 0;
  std::int64_t c_step = columns;  ///< from a row of c to the next
  Layout b_layout = Layout::Rows;
  std::int64_t b_step = columns;  ///< from a row of b to the next, unless it lies in panels
};

/// Sums are taken in an order that depends on the sizes alone, so the same call gives the same bits.
struct Kernels {
  /// Floats of scratch that `multiply` needs for all segments · depth together.
  std::int64_t (*multiply_scratch)(std::int64_t depth);
  /// For factors that stay in the nearer caches: nothing is blocked for them. `bias` needs Into::Fresh.
  void (*multiply)(const Product& product, float* scratch);
  /// The columns of a panel but the last, which may have fewer: what `multiply` works on at once.
  std::int64_t panel_columns;
  /// to [columns / panel_columns, rows, panel_columns] = from [rows, columns], whose rows are `from_step`
  /// apart. As many values as before: the last panel is as narrow as what is left.
  void (*pack_panels)(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_step,
                      float* to);
  /// to [columns, rows] = from [rows, columns], turned over. A step leads from a row to the next.
  void (*transpose)(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_step,
                    float* to, std::int64_t to_step);
  /// sum [columns] of all rows.
  void (*sum_rows)(std::int64_t rows, std::int64_t columns, const float* from, float* sum);
  /// sum [n] = bias [n], unless that is null, + `parts` arrays [n], which are `step` apart.
  void (*sum_parts)(std::int64_t n, std::int64_t parts, const float* from, std::int64_t step,
                    const float* bias, float* sum);

  /// NaN stays NaN. y may be x.
  void (*relu)(std::int64_t n, const float* x, float* y);
  /// x_gradient may be y_gradient.
  void (*relu_gradient)(std::int64_t n, const float* y, const float* y_gradient, float* x_gradient);

  /// factors[i] = 0 where random_at(key, first + i) is below `drop_below`, else `scale`.
  void (*draw_factors)(std::int64_t n, std::uint64_t key, std::uint64_t first, std::uint64_t drop_below,
                       float scale, float* factors);
  /// product[i] = a[i] * b[i]. product may be a or b.
  void (*multiply_each)(std::int64_t n, const float* a, const float* b, float* product);

  /// Where a value is larger than what is in `best`, or NaN, it takes its place, and `index` that in `where`.
  void (*keep_larger)(std::int64_t n, const float* values, std::int32_t index, float* best,
                      std::int32_t* where);

  void (*sgd)(std::int64_t n, float rate, const float* g, float* w);
  void (*momentum)(std::int64_t n, float rate, float momentum, const float* g, float* m, float* w);
  void (*nesterov)(std::int64_t n, float rate, float momentum, const float* g, float* m, float* w);
  void (*adam)(std::int64_t n, const AdamStep& step, const float* g, float* m, float* v, float* w);
};

/// The best that this processor can run.
[[nodiscard]] const Kernels& kernels() noexcept;

}  // namespace kairos::host
