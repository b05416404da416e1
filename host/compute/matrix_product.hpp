// SPDX-License-Identifier: MIT
// Products of matrices that do not fit into the L1 and L2 caches.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "compute/kernels/kernels.hpp"

namespace kairos::host {

/// c [m, n] = a [m, k] · b [k, n], plus `bias` [n] in every row unless it is null. Each factor has contiguous
/// rows or contiguous columns: one of its strides is 1. c is row-major.
struct LargeProduct {
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  MatrixView a;
  MatrixView b;
  float* c;
  const float* bias = nullptr;
  std::int64_t ldc = n;  ///< from one row of c to the next
};

/// Partitioned over the threads by rows or columns, never by k, so the bits do not depend on the number of
/// threads. `scratch` grows with the first call of a size; later calls allocate nothing.
void multiply_blocked(const LargeProduct& product, FloatBuffer& scratch);

/// The same on the calling thread alone. `scratch` has blocked_scratch(product) floats.
void multiply_blocked_alone(const LargeProduct& product, float* scratch);
[[nodiscard]] std::int64_t blocked_scratch(const LargeProduct& product);

/// Up to AVX2 our blocked loops are faster than oneDNN's products: by tens of percent for layers of some
/// hundred units, and several times for wide inputs with few units. oneDNN's products for AVX-512 run near
/// the processor's peak.
[[nodiscard]] bool blocked_is_fastest() noexcept;

}  // namespace kairos::host
