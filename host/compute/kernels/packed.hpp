// SPDX-License-Identifier: MIT
// Products for loops that multiply by the same matrix again and again, as a recurrent layer does in each
// timestep: the matrix is brought into the order of the loop once. Compiled for several levels of x86-64, as
// kernels.hpp, and on one thread: who has several cuts the rows.
#pragma once

#include <cstdint>

#include "compute/kernels/kernels.hpp"

namespace kairos::host {

/// a [rows, depth] · b [depth, columns]; rows of `a` lie `step` apart, `b` comes from PackedKernels::pack. A
/// depth of 0 is no term.
struct PackedTerm {
  const float* a;
  std::int64_t step;
  std::int64_t depth;
  const float* b;
};

/// c [rows, columns] = the sum of both terms, plus `bias` [columns] in every row unless it is null. Rows of c
/// lie `c_step` apart.
struct PackedProduct {
  std::int64_t rows;
  std::int64_t columns;
  PackedTerm first;
  PackedTerm second;
  const float* bias;
  float* c;
  std::int64_t c_step;
};

/// c [width, columns] += aᵀ · b, for the b of GradientProduct; `a` has rows of `width`, one after another,
/// and rows of c lie `c_step` apart. A width of 0 is no term.
struct GradientTerm {
  const float* a;
  std::int64_t width;
  float* c;
  std::int64_t c_step;
};

/// `b` has rows of `columns`; `pieces` times `rows` of them count, which begin `piece_step` rows apart, and
/// those of each `a` likewise. `bias` [columns] += the sum of these rows, unless it is null.
struct GradientProduct {
  std::int64_t pieces;
  std::int64_t piece_step;
  std::int64_t rows;
  std::int64_t columns;
  const float* b;
  float* bias;
  GradientTerm first;
  GradientTerm second;
};

/// Sums are taken in an order that depends on the sizes alone, so the same call gives the same bits.
struct PackedKernels {
  /// Floats of a packed [depth, columns].
  std::int64_t (*packed_size)(std::int64_t depth, std::int64_t columns);
  /// Fastest where `packed`, and `scratch` below, are aligned to a cache line.
  void (*pack)(std::int64_t depth, std::int64_t columns, const MatrixView& b, float* packed);
  void (*multiply)(const PackedProduct& product);
  /// Floats of scratch for so many rows in all pieces together, and for the width of both terms.
  std::int64_t (*gradient_scratch)(std::int64_t rows, std::int64_t width);
  void (*add_gradient)(const GradientProduct& product, float* scratch);
};

/// The best that this processor can run.
[[nodiscard]] const PackedKernels& packed_kernels() noexcept;

}  // namespace kairos::host
