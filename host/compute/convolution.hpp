// SPDX-License-Identifier: MIT
// Convolutions and their gradients.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "compute/engine.hpp"
#include "compute/window.hpp"

namespace kairos::host {

struct ConvolutionShape {
  Window window;
  std::int64_t channels = 1;
  std::int64_t filters = 1;
  std::int64_t groups = 1;

  /// Values of the kernel.
  [[nodiscard]] std::int64_t kernel_size() const noexcept {
    return window.size[0] * window.size[1] * (channels / groups) * filters;
  }
  /// Of the forward pass, per image.
  [[nodiscard]] std::int64_t multiply_adds() const noexcept {
    return window.output[0] * window.output[1] * kernel_size();
  }
};

/// Of volumes [depth, rows, columns, channels].
struct VolumeConvolutionShape {
  VolumeWindow window;
  std::int64_t channels = 1;
  std::int64_t filters = 1;
  std::int64_t groups = 1;

  /// Of the forward pass, per volume.
  [[nodiscard]] std::int64_t multiply_adds() const noexcept {
    const Window& plane = window.plane;
    return window.depth.output[1] * window.depth.size[1] *
           ConvolutionShape{plane, channels, filters, groups}.multiply_adds();
  }
};

enum class ConvolutionPath {
  Auto,
  Bf16,  ///< factors rounded to bfloat16 where ConvolutionBf16 supports it, with its preconditions
};

class ConvolutionBf16;
class ConvolutionLoops;
class ConvolutionPrimitives;
class WinogradConvolution;

/// All arrays are plain, channels last: x [batch, rows, columns, channels], kernel [rows, columns, channels /
/// groups, filters], bias [filters], y [batch, rows, columns, filters]. The first call with a batch size
/// allocates what that size needs; later calls allocate nothing here.
class ConvolutionKernel {
 public:
  ConvolutionKernel(ComputeEngine& engine, const ConvolutionShape& shape,
                    ConvolutionPath path = ConvolutionPath::Auto);
  ~ConvolutionKernel();

  /// `bias` may be null.
  void forward(std::int64_t batch, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel, float* x_gradient);
  /// `bias_gradient` may be null.
  void backward_weights(std::int64_t batch, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  ConvolutionPrimitives& primitives(std::int64_t batch);

  ComputeEngine& engine_;
  ConvolutionShape shape_;
  std::unique_ptr<ConvolutionBf16> bf16_;          ///< null for float32
  std::unique_ptr<WinogradConvolution> winograd_;  ///< null if the shape is unsuitable
  std::unique_ptr<ConvolutionLoops> loops_;        ///< null if oneDNN computes everything
  std::map<std::int64_t, std::unique_ptr<ConvolutionPrimitives>> by_batch_;
};

/// The same for volumes: x [batch, depth, rows, columns, channels], kernel [depth, rows, columns, channels /
/// groups, filters].
class VolumeConvolution {
 public:
  VolumeConvolution(ComputeEngine& engine, const VolumeConvolutionShape& shape);
  ~VolumeConvolution();

  /// As the functions of ConvolutionKernel.
  void forward(std::int64_t batch, const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(std::int64_t batch, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  ConvolutionPrimitives& primitives(std::int64_t batch);

  ComputeEngine& engine_;
  VolumeConvolutionShape shape_;
  std::map<std::int64_t, std::unique_ptr<ConvolutionPrimitives>> by_batch_;
};

}  // namespace kairos::host
