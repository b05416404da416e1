// SPDX-License-Identifier: MIT
// Loops compiled for several levels of x86-64; one level is selected at run time. Includes only types of the
// standard library: the linker could keep the copy of an inline function that was compiled here for a newer
// processor, and use it everywhere.
#pragma once

#include <cstdint>

namespace kairos::host {

/// A factor of a product: element (row, column) is data[row * row_stride + column * column_stride].
struct MatrixView {
  const float* data;
  std::int64_t row_stride;
  std::int64_t column_stride;
};

/// beta of BLAS: c = a · b + beta · c.
enum class Beta {
  Zero,  ///< c is overwritten
  One,   ///< the product is added to c
};

/// The memory layout of b.
enum class Layout {
  Rows,    ///< row-major
  Panels,  ///< packed by `pack_panels` in the order in which the loop reads it
};

/// c [m, n] = a [m, segments · k] · b [segments · k, n] + beta · c, plus `bias` [n] in every row unless it is
/// null. c is row-major. The columns of `a` are `segments` segments of `k` columns, which lie
/// `a_segment_stride` apart: each row of a convolution's window is one segment.
struct Product {
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  MatrixView a;
  const float* b;
  float* c;
  const float* bias = nullptr;
  Beta beta = Beta::Zero;
  std::int64_t segments = 1;
  std::int64_t a_segment_stride = 0;
  std::int64_t ldc = n;  ///< from one row of c to the next
  Layout b_layout = Layout::Rows;
  std::int64_t ldb = n;  ///< from one row of b to the next; unused for panels
};

/// Numbers of outputs above a threshold (they say yes), of targets other than 0 (they are a yes), of those
/// where both are, and of targets that are exactly 1 or 0 as the output says.
struct Decisions {
  std::int64_t said, actual, hits, right;
};

/// The order of summation depends on the sizes alone, so the same call gives the same bits.
struct Kernels {
  /// Floats of scratch that `multiply` needs; `k` counts all segments together.
  std::int64_t (*multiply_scratch)(std::int64_t k);
  /// Does not block: meant for factors that fit into the L1 and L2 caches. `bias` needs Beta::Zero.
  void (*multiply)(const Product& product, float* scratch);
  /// Columns per panel, which `multiply` computes at a time; the last panel may have fewer.
  std::int64_t panel_columns;
  /// to [columns / panel_columns, rows, panel_columns] = from [rows, columns], whose rows are `from_stride`
  /// apart. The last panel is not padded, so `to` has as many values as `from`.
  void (*pack_panels)(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_stride,
                      float* to);
  /// to [columns, rows] = from [rows, columns] transposed. Strides are between rows.
  void (*transpose)(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_stride,
                    float* to, std::int64_t to_stride);
  /// sum [columns] = the sum of all rows.
  void (*sum_rows)(std::int64_t rows, std::int64_t columns, const float* from, float* sum);
  /// sum [n] = bias [n], unless it is null, plus the sum of `parts` arrays [n], which are `stride` apart.
  void (*sum_parts)(std::int64_t n, std::int64_t parts, const float* from, std::int64_t stride,
                    const float* bias, float* sum);

  /// factors[i] = 0 if random_at(key, first + i) < drop_below, else `scale`.
  void (*draw_factors)(std::int64_t n, std::uint64_t key, std::uint64_t first, std::uint64_t drop_below,
                       float scale, float* factors);
  /// product[i] = a[i] * b[i]. product may be a or b.
  void (*multiply_each)(std::int64_t n, const float* a, const float* b, float* product);

  /// Where a value is larger than that in `best`, or NaN, replaces `best` by it and `where` by `index`.
  void (*keep_larger)(std::int64_t n, const float* values, std::int32_t index, float* best,
                      std::int32_t* where);

  /// The index of the first largest value; 0 if the first one is NaN.
  std::int64_t (*index_of_largest)(std::int64_t n, const float* values);
  Decisions (*count_decisions)(std::int64_t n, float threshold, const float* target, const float* output);
  /// bins[i] = the last of `thresholds` evenly spaced thresholds from 0 to 1 that the value is above, or 0;
  /// -1 for NaN.
  void (*bins)(std::int64_t n, std::int32_t thresholds, const float* values, std::int32_t* bins);

  /// In double precision, in an order that depends on n alone.
  double (*sum_of_squares)(std::int64_t n, const float* values);
  double (*sum_of_magnitudes)(std::int64_t n, const float* values);
};

/// The table for the highest level that this processor supports.
[[nodiscard]] const Kernels& kernels() noexcept;

}  // namespace kairos::host
