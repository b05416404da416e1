// SPDX-License-Identifier: MIT
// Convolutions as products of small matrices: with channels last, a row of a window is one piece of memory.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "compute/convolution.hpp"
#include "compute/frame.hpp"

namespace kairos::host {

/// As ConvolutionKernel, for windows without dilation and groups. Every thread takes some of the pictures, or
/// of the rows of the kernel's gradient, so results do not depend on their number.
class ConvolutionLoops {
 public:
  explicit ConvolutionLoops(const ConvolutionShape& shape);

  /// Whether windows of that shape can be done here.
  [[nodiscard]] static bool can_do(const ConvolutionShape& shape) noexcept;
  /// Whether backward_data can be: it takes a stride of 1.
  [[nodiscard]] static bool can_do_data(const ConvolutionShape& shape) noexcept;
  /// Whether backward_weights should be. Small ones stay with oneDNN, whose order of summation is that of the
  /// runs of Keras that tests compare with: where a gradient is next to 0, Adam's first steps show it.
  [[nodiscard]] static bool should_do_weights(const ConvolutionShape& shape) noexcept;

  void forward(std::int64_t batch, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(std::int64_t batch, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  void turn_kernel(const float* kernel);
  void pack_kernel(const float* kernel, std::int64_t columns);
  void add_weights_gradient(std::int64_t batch, const float* x, const float* y_gradient, std::int64_t begin,
                            std::int64_t end, float* kernel_gradient, float* scratch);
  void add_picture(const float* x, const float* y_gradient, std::int64_t begin, std::int64_t end,
                   float* scratch);
  void reserve_scratch();
  [[nodiscard]] float* scratch(std::int64_t thread) { return scratch_.data() + thread * scratch_size_; }

  ConvolutionShape shape_;
  std::int64_t x_size_, y_size_;  ///< of a picture
  std::int64_t multiply_adds_;    ///< of a picture
  Frame input_;                   ///< x, as the windows see it
  Frame gradient_;                ///< the gradient of y, as the gradient of x needs it
  FloatBuffer turned_;            ///< the kernel, for the gradient of x
  FloatBuffer panels_;            ///< the kernel or `turned_`, as products read it fastest
  FloatBuffer group_;             ///< the gradient of the kernel, of some pictures
  FloatBuffer
      scratch_;  ///< of all threads: of products, a block of the gradient of y in panels, a framed picture
  std::int64_t block_rows_;  ///< of the gradient of y, which are used together
  std::int64_t product_scratch_, block_scratch_, scratch_size_;
};

}  // namespace kairos::host
