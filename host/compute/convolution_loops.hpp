// SPDX-License-Identifier: MIT
// Convolutions as products of small matrices: with channels last, a row of a window is contiguous.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "compute/convolution.hpp"
#include "compute/padded_image.hpp"

namespace kairos::host {

/// As ConvolutionKernel, for windows without dilation or groups. Threads share the images, or the rows of the
/// kernel's gradient, so results do not depend on the number of threads.
class ConvolutionLoops {
 public:
  explicit ConvolutionLoops(const ConvolutionShape& shape);

  /// Whether this class can compute convolutions of that shape.
  [[nodiscard]] static bool supports(const ConvolutionShape& shape) noexcept;
  /// Whether it can compute backward_data, which needs a stride of 1.
  [[nodiscard]] static bool supports_backward_data(const ConvolutionShape& shape) noexcept;
  /// Whether backward_weights should be computed here. Small ones stay with oneDNN, whose order of summation
  /// is that of the Keras runs that the tests compare with: where a gradient is near 0, Adam's first steps
  /// depend on it.
  [[nodiscard]] static bool prefers_backward_weights(const ConvolutionShape& shape) noexcept;

  void forward(std::int64_t batch, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(std::int64_t batch, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  void transpose_kernel(const float* kernel);
  void pack_kernel(const float* kernel, std::int64_t columns);
  void add_weights_gradient(std::int64_t batch, const float* x, const float* y_gradient, std::int64_t begin,
                            std::int64_t end, float* kernel_gradient, float* scratch);
  void add_image(const float* x, const float* y_gradient, std::int64_t begin, std::int64_t end,
                 float* scratch);
  void reserve_scratch();
  [[nodiscard]] float* scratch(std::int64_t thread) { return scratch_.data() + thread * scratch_size_; }

  ConvolutionShape shape_;
  std::int64_t x_size_, y_size_;  ///< per image
  std::int64_t multiply_adds_;    ///< per image
  PaddedShape input_;             ///< x with its padding
  PaddedShape gradient_;          ///< y_gradient with the padding that backward_data needs
  FloatBuffer transposed_;        ///< the kernel for backward_data
  FloatBuffer panels_;            ///< the kernel or `transposed_`, packed into panels
  FloatBuffer group_;             ///< the kernel's gradient over one group of images
  FloatBuffer scratch_;  ///< per thread: scratch of products, a block of y_gradient in panels, a padded image
  std::int64_t block_rows_;  ///< rows of y_gradient that are used together
  std::int64_t product_scratch_, block_scratch_, scratch_size_;
};

}  // namespace kairos::host
