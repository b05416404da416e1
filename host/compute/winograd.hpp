// SPDX-License-Identifier: MIT
// Convolutions of 3 by 3 points with fewer products than their definition has: 4 in place of 9.
#pragma once

#include <cstdint>

#include "compute/buffer.hpp"
#include "compute/convolution.hpp"
#include "compute/frame.hpp"

namespace kairos::host {

/// As ConvolutionKernel, for windows of 3 by 3 points without strides, dilation and groups. Pictures become
/// tiles of 4 by 4 values, which are multiplied point by point: that is a product of matrices for each of the
/// 16 points. Results differ from those of the definition by rounding, and a NaN reaches all outputs of its
/// tiles; they do not depend on the number of threads.
class WinogradConvolution {
 public:
  explicit WinogradConvolution(const ConvolutionShape& shape);

  /// Whether convolutions of that shape can be done here, and gain by it.
  [[nodiscard]] static bool can_do(const ConvolutionShape& shape) noexcept;
  /// Whether backward_weights gains too: it goes through all its sums for each block of tiles of a picture.
  [[nodiscard]] static bool should_do_weights(const ConvolutionShape& shape) noexcept;

  void forward(std::int64_t batch, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(std::int64_t batch, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  /// From x to y, or from the gradient of y to that of x. A block is some lines of tiles, which are used
  /// together.
  struct Way {
    Way(const Window::Pair& source, const Window::Pair& margin, std::int64_t channels,
        const Window::Pair& result, std::int64_t filters);

    Window::Pair source, result;  ///< rows and columns of a picture
    std::int64_t filters;
    Frame frame;               ///< the source, as tiles see it
    std::int64_t block_rows;   ///< of pixels in the result
    std::int64_t block_tiles;  ///< at most
  };

  void transform(const float* kernel);
  void convolve(const Way& way, std::int64_t batch, const float* source, const float* bias, float* result);
  void convolve_picture(const Way& way, const float* source, const float* bias, float* result,
                        float* scratch);
  void add_picture(const float* x, const float* y_gradient, float* sums, float* scratch);
  void write_gradients(std::int64_t parts, float* kernel_gradient, float* bias_gradient);

  [[nodiscard]] std::int64_t kernel_plane() const noexcept { return shape_.channels * shape_.filters; }

  ConvolutionShape shape_;
  std::int64_t multiply_adds_;  ///< of a picture
  Way to_y_, to_x_;
  FloatBuffer transformed_;  ///< the kernel: [16, channels, filters]
  FloatBuffer packed_;       ///< the same as products read it, turned over on the way back
  FloatBuffer sums_;         ///< of each part of a batch: the gradients of transformed_, then of the bias
  FloatBuffer scratch_;      ///< of each thread: a framed picture, tiles of both sides, what products need
};

}  // namespace kairos::host
