// SPDX-License-Identifier: MIT
// oneDNN's convolutions of one batch size, over images or volumes with channels last.
#pragma once

#include <cstdint>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <span>

#include "compute/convolution.hpp"
#include "compute/engine.hpp"

namespace kairos::host {

/// Sizes in the order of the dimensions: rows and columns, or depth, rows and columns.
struct ConvolutionGeometry {
  using Sizes = dnnl::memory::dims;

  explicit ConvolutionGeometry(const ConvolutionShape& shape);
  explicit ConvolutionGeometry(const VolumeConvolutionShape& shape);

  Sizes input, size, strides, dilates, before, after, output;
  std::int64_t channels, filters, groups;
  std::int64_t multiply_adds;  ///< per sample
};

/// Arrays are those of ConvolutionKernel. A primitive is created by the first call that needs it.
class ConvolutionPrimitives {
 public:
  ConvolutionPrimitives(ComputeEngine& owner, const ConvolutionGeometry& shape, std::int64_t batch);
  ~ConvolutionPrimitives();

  void forward(const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
  using memory = dnnl::memory;
  using Forward = dnnl::convolution_forward;
  struct KernelCopy;

  Forward::primitive_desc forward_hint(bool with_bias) const;
  void make_forward(bool with_bias);
  void make_backward_data();
  void make_backward_weights(bool with_bias);
  /// Uses the C function, because the C++ one first copies its arguments into a map.
  void run(const dnnl::primitive& primitive, std::span<const dnnl_exec_arg_t> arguments);
  void run_reorder(const dnnl::primitive& reorder, const memory& from, const memory& to);
  memory& arranged(KernelCopy& copy, const float* kernel);

  int threads_;
  dnnl_stream* stream_;
  dnnl::engine engine_;
  memory::dims strides_, dilates_, before_, after_;
  memory::desc x_desc_, plain_desc_, any_desc_, bias_desc_, y_desc_;
  memory x_, plain_, bias_, y_;
  Forward forward_;
  dnnl::convolution_backward_data backward_data_;
  dnnl::convolution_backward_weights backward_weights_;
  std::unique_ptr<KernelCopy> forward_kernel_, data_kernel_, weights_kernel_;
};

}  // namespace kairos::host
