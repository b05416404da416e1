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

}  // namespace kairos::host
