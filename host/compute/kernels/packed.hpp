// SPDX-License-Identifier: MIT
// Products with a factor that is reused many times, as in each timestep of a recurrent layer: the factor is
// packed once. Compiled for several levels of x86-64, like kernels.hpp. Single-threaded: callers split the
// rows.
#pragma once

#include <cstdint>

#include "compute/kernels/kernels.hpp"

namespace kairos::host {

/// a [m, k] · b [k, n], with `b` from PackedKernels::pack. k = 0 means that there is no such term.
struct PackedTerm {
  const float* a;
  std::int64_t lda;
  std::int64_t k;
  const float* b;
};

/// c [m, n] = the sum of both terms, plus `bias` [n] in every row unless it is null.
struct PackedProduct {
  std::int64_t m;
  std::int64_t n;
  PackedTerm first;
  PackedTerm second;
  const float* bias;
  float* c;
  std::int64_t ldc;
};

/// c [m, n] += aᵀ · b, for the b of GradientProduct. `a` has contiguous rows of m values. m = 0 means that
/// there is no such term.
struct GradientTerm {
  const float* a;
  std::int64_t m;
  float* c;
  std::int64_t ldc;
};

/// `b` consists of `pieces` pieces of `rows` rows of n values; pieces begin `piece_stride` rows apart, and so
/// do those of each `a`. The product's k is pieces · rows. `bias` [n] += the sum of these rows, unless it is
/// null.
struct GradientProduct {
  std::int64_t pieces;
  std::int64_t piece_stride;
  std::int64_t rows;
  std::int64_t n;
  const float* b;
  float* bias;
  GradientTerm first;
  GradientTerm second;
};

/// The order of summation depends on the sizes alone, so the same call gives the same bits.
struct PackedKernels {
  /// Floats of a packed factor [k, n].
  std::int64_t (*packed_size)(std::int64_t k, std::int64_t n);
  /// Fastest if `packed`, and `scratch` below, are aligned to a cache line.
  void (*pack)(std::int64_t k, std::int64_t n, const MatrixView& b, float* packed);
  void (*multiply)(const PackedProduct& product);
  /// Floats of scratch for k = pieces · rows and the sum of m over both terms.
  std::int64_t (*gradient_scratch)(std::int64_t k, std::int64_t m);
  void (*add_gradient)(const GradientProduct& product, float* scratch);
};

/// The table for the highest level that this processor supports.
[[nodiscard]] const PackedKernels& packed_kernels() noexcept;

}  // namespace kairos::host
