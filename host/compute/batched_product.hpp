// SPDX-License-Identifier: MIT
// Many small products of matrices, as of the heads of attention.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "compute/kernels/kernels.hpp"

namespace kairos::host {

/// A factor of each product: the view of the first, and the distances between those of consecutive products.
struct BatchedFactor {
  MatrixView first;
  std::int64_t outer_stride;
  std::int64_t inner_stride;
};

/// Where the products go. Each has rows that are `ldc` apart.
struct BatchedResult {
  float* first;
  std::int64_t ldc;
  std::int64_t outer_stride;
  std::int64_t inner_stride;
};

/// outer · inner products c [m, n] = a [m, k] · b [k, n], numbered by two indices. One stride of each factor
/// is 1.
struct ProductBatch {
  std::int64_t outer, inner;
  std::int64_t m, n, k;
  BatchedFactor a, b;
  BatchedResult c;
};

struct ProductSize {
  std::int64_t m, n, k;
};

/// Partitioned over the threads by whole products, so the bits do not depend on the number of threads.
/// Scratch grows with the first call of a size; later calls allocate nothing.
class BatchedProduct {
 public:
  void multiply(const ProductBatch& batch);
  /// c [count, m, n] = a [count, m, k] · b [count, k, n], all contiguous. The views are those of the first
  /// factors, which may be transposed.
  void multiply_each(std::int64_t count, const ProductSize& size, const MatrixView& a, const MatrixView& b,
                     float* c) {
    multiply({count,
              1,
              size.m,
              size.n,
              size.k,
              {a, size.m * size.k, 0},
              {b, size.k * size.n, 0},
              {c, size.n, size.m * size.n, 0}});
  }

 private:
  FloatBuffer scratch_;
};

}  // namespace kairos::host
