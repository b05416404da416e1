// SPDX-License-Identifier: MIT
// The products of a dense layer with factors rounded to bfloat16 and sums in float32.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "compute/engine.hpp"
#include "compute/rounded.hpp"

namespace kairos::host {

/// Arrays are those of DenseKernel, all float32, with at least one row. Needs a processor that require_bf16
/// accepts. The bias and its gradient are never rounded. The first call with a number of rows allocates what
/// that number needs; later calls allocate nothing here.
class DenseBf16 {
 public:
  DenseBf16(ComputeEngine& engine, std::int64_t inputs, std::int64_t units);
  ~DenseBf16();

  /// `bias` may be null.
  void forward(std::int64_t rows, const float* x, const float* kernel, const float* bias, float* y);

  // Both gradients use the rounded factors of the last `forward`, which had the same number of rows, and get
  // the same `y_gradient`, so that it is rounded once.
  void backward_data(std::int64_t rows, const float* y_gradient, float* x_gradient);
  /// `bias_gradient` may be null.
  void backward_weights(std::int64_t rows, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  class Products;
  Products& products(std::int64_t rows);
  void round_gradient(std::int64_t rows, const float* y_gradient);

  ComputeEngine& engine_;
  std::int64_t inputs_;
  std::int64_t units_;
  Rounded x_, kernel_, y_gradient_;
  bool has_gradient_ = false;  ///< y_gradient_ belongs to the last `forward`
  std::map<std::int64_t, std::unique_ptr<Products>> by_rows_;
};

}  // namespace kairos::host
