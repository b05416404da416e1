// SPDX-License-Identifier: MIT
// 3 by 3 convolutions with Winograd's algorithm: 4 products per output instead of 9.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "compute/convolution.hpp"
#include "compute/padded_image.hpp"

namespace kairos::host {

/// As ConvolutionKernel, for 3 by 3 windows without strides, dilation or groups. Images become tiles of 4 by
/// 4 values, which are multiplied position by position: one matrix product for each of the 16 positions.
/// Results differ from the definition by rounding, and a NaN reaches all outputs of its tiles. They do not
/// depend on the number of threads.
class WinogradConvolution {
 public:
  explicit WinogradConvolution(const ConvolutionShape& shape);

  /// Whether this class can compute convolutions of that shape, and faster than the others.
  [[nodiscard]] static bool supports(const ConvolutionShape& shape) noexcept;
  /// Whether backward_weights is faster too: it reads all its sums for each block of tiles of an image.
  [[nodiscard]] static bool prefers_backward_weights(const ConvolutionShape& shape) noexcept;

  void forward(std::int64_t batch, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(std::int64_t batch, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  /// From x to y, or from y_gradient to x_gradient. A block is a number of rows of tiles that are used
  /// together.
  struct Direction {
    Direction(const Window::Pair& source, const Window::Pair& padding, std::int64_t channels,
              const Window::Pair& result, std::int64_t filters);

    Window::Pair source, result;  ///< rows and columns of an image
    std::int64_t filters;
    PaddedShape padded;        ///< the source with its padding
    std::int64_t block_rows;   ///< rows of pixels of the result
    std::int64_t block_tiles;  ///< at most
  };

  void transform(const float* kernel);
  void convolve(const Direction& direction, std::int64_t batch, const float* source, const float* bias,
                float* result);
  void convolve_image(const Direction& direction, const float* source, const float* bias, float* result,
                      float* scratch);
  void add_image(const float* x, const float* y_gradient, float* sums, float* scratch);
  void write_gradients(std::int64_t parts, float* kernel_gradient, float* bias_gradient);

  [[nodiscard]] std::int64_t kernel_plane() const noexcept { return shape_.channels * shape_.filters; }

  ConvolutionShape shape_;
  std::int64_t multiply_adds_;  ///< per image
  Direction to_y_, to_x_;
  FloatBuffer transformed_;  ///< the kernel: [16, channels, filters]
  FloatBuffer packed_;       ///< the same, packed for products; transposed in the backward pass
  FloatBuffer sums_;         ///< per part of a batch: the gradients of transformed_, then of the bias
  FloatBuffer scratch_;      ///< per thread: a padded image, tiles of input and output, scratch of products
};

}  // namespace kairos::host
