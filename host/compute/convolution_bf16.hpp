// SPDX-License-Identifier: MIT
// Convolutions with factors rounded to bfloat16 and sums in float32.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "compute/convolution.hpp"
#include "compute/engine.hpp"
#include "compute/rounded.hpp"

namespace kairos::host {

/// Arrays are those of ConvolutionKernel, all float32. Needs a processor that require_bf16 accepts. The bias
/// and its gradient are never rounded. The first call with a batch size allocates what that size needs; later
/// calls allocate nothing here.
class ConvolutionBf16 {
 public:
  ConvolutionBf16(ComputeEngine& engine, const ConvolutionShape& shape);
  ~ConvolutionBf16();

  /// Grouped convolutions stay in float32: oneDNN does not have fast bf16 products for all of them.
  [[nodiscard]] static bool supports(const ConvolutionShape& shape) noexcept { return shape.groups == 1; }

  /// `bias` may be null.
  void forward(std::int64_t batch, const float* x, const float* kernel, const float* bias, float* y);

  // Both gradients follow a `forward` of the same batch and get the same `y_gradient`, so that x and
  // y_gradient are rounded once.
  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel, float* x_gradient);
  /// `bias_gradient` may be null.
  void backward_weights(std::int64_t batch, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  class Products;
  Products& products(std::int64_t batch);
  void round_gradient(std::int64_t batch, const float* y_gradient);

  ComputeEngine& engine_;
  ConvolutionShape shape_;
  std::int64_t x_size_, y_rows_;  ///< per image
  Rounded x_, y_gradient_;
  bool has_gradient_ = false;  ///< y_gradient_ belongs to the last `forward`
  std::map<std::int64_t, std::unique_ptr<Products>> by_batch_;
};

}  // namespace kairos::host
