// SPDX-License-Identifier: MIT
// The products of a dense layer on two or more threads, each of which owns some rows of the kernel.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "compute/kernel_parts.hpp"
#include "compute/matrix_product.hpp"

namespace kairos::host {

/// How each thread computes its product.
enum class SplitBy { Loops, Gemm };  ///< our blocked loops, or oneDNN's sgemm

/// As DenseKernel, for at least one row. See KernelParts.
class DenseSplit {
 public:
  DenseSplit(std::int64_t inputs, std::int64_t units,
             SplitBy by = blocked_is_fastest() ? SplitBy::Loops : SplitBy::Gemm);

  void forward(std::int64_t rows, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t rows, const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(std::int64_t rows, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  /// Computes `product_of(part)` for every part.
  template <typename ProductOf>
  void multiply(const KernelParts& parts, const ProductOf& product_of);

  std::int64_t inputs_;
  std::int64_t units_;
  SplitBy by_;
  FloatBuffer products_;  ///< the result of each thread
  FloatBuffer scratch_;   ///< of our loops
};

}  // namespace kairos::host
