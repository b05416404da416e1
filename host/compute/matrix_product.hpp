// SPDX-License-Identifier: MIT
// Products of matrices that leave the nearer caches.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "compute/kernels/kernels.hpp"

namespace kairos::host {

/// c [rows, columns] = a [rows, depth] · b [depth, columns], plus `bias` [columns] in every row unless it is
/// null. Of both factors either the rows or the columns lie side by side: one step of each is 1. c is
/// row-major.
struct LargeProduct {
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t depth;
  MatrixView a;
  MatrixView b;
  float* c;
  const float* bias = nullptr;
};

/// Spread over the threads by rows or columns, never by depth: the bits do not depend on how many there are.
/// `scratch` grows with the first call of a size; later ones allocate nothing.
void multiply_blocked(const LargeProduct& product, FloatBuffer& scratch);

/// The same on the calling thread alone. `scratch` has as many floats as blocked_scratch says.
void multiply_blocked_alone(const LargeProduct& product, float* scratch);
[[nodiscard]] std::int64_t blocked_scratch(const LargeProduct& product);

/// Up to AVX2 our blocked loops are ahead of oneDNN's products, by a few tenths for layers of some hundred
/// units and several times for wide inputs of few units; oneDNN's for AVX-512 are near what a processor can
/// do.
[[nodiscard]] bool blocked_is_fastest() noexcept;

}  // namespace kairos::host
