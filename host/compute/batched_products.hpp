// SPDX-License-Identifier: MIT
// Products of many pairs of matrices, and their gradients.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "compute/matrix_product.hpp"

namespace kairos::host {

/// a [count, m, k], b [count, k, n] and c [count, m, n]. Threads share the pairs, so results do not depend on
/// their number.
class BatchedProducts {
 public:
  /// Allocates for products of these sizes; called before the first one.
  void reserve(std::int64_t m, std::int64_t n, std::int64_t k);

  /// c = a · b
  void forward(std::int64_t count, const float* a, const float* b, float* c);
  void backward_a(std::int64_t count, const float* c_gradient, const float* b, float* a_gradient);
  void backward_b(std::int64_t count, const float* a, const float* c_gradient, float* b_gradient);

 private:
  /// Calls of(index) for the factors and the place of each product, and computes them.
  template <typename Of>
  void each(std::int64_t count, const Of& of);

  std::int64_t m_ = 0, n_ = 0, k_ = 0;
  std::int64_t scratch_size_ = 0;
  FloatBuffer scratch_;  ///< per thread
};

}  // namespace kairos::host
