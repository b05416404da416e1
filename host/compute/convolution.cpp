// SPDX-License-Identifier: MIT
// Chooses how a convolution is computed, and keeps oneDNN's primitives per batch size.
#include "compute/convolution.hpp"

#include "compute/convolution_bf16.hpp"
#include "compute/convolution_loops.hpp"
#include "compute/convolution_primitives.hpp"
#include "compute/winograd.hpp"

namespace kairos::host {

ConvolutionKernel::ConvolutionKernel(ComputeEngine& engine, const ConvolutionShape& shape,
                                     ConvolutionPath path)
    : engine_(engine),
      shape_(shape),
      bf16_(path == ConvolutionPath::Bf16 && ConvolutionBf16::supports(shape)
                ? std::make_unique<ConvolutionBf16>(engine, shape)
                : nullptr),
      winograd_(!bf16_ && WinogradConvolution::supports(shape) ? std::make_unique<WinogradConvolution>(shape)
                                                               : nullptr),
      loops_(!bf16_ && ConvolutionLoops::supports(shape) ? std::make_unique<ConvolutionLoops>(shape)
                                                         : nullptr) {}

ConvolutionKernel::~ConvolutionKernel() = default;

ConvolutionPrimitives& ConvolutionKernel::primitives(std::int64_t batch) {
  std::unique_ptr<ConvolutionPrimitives>& entry = by_batch_[batch];
  if (!entry) entry = std::make_unique<ConvolutionPrimitives>(engine_, ConvolutionGeometry(shape_), batch);
  return *entry;
}

void ConvolutionKernel::forward(std::int64_t batch, const float* x, const float* kernel, const float* bias,
                                float* y) {
  if (bf16_) return bf16_->forward(batch, x, kernel, bias, y);
  if (winograd_) return winograd_->forward(batch, x, kernel, bias, y);
  if (loops_) return loops_->forward(batch, x, kernel, bias, y);
  primitives(batch).forward(x, kernel, bias, y);
}

void ConvolutionKernel::backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                                      float* x_gradient) {
  if (bf16_) return bf16_->backward_data(batch, y_gradient, kernel, x_gradient);
  if (winograd_) return winograd_->backward_data(batch, y_gradient, kernel, x_gradient);
  if (ConvolutionLoops::supports_backward_data(shape_))
    return loops_->backward_data(batch, y_gradient, kernel, x_gradient);
  primitives(batch).backward_data(y_gradient, kernel, x_gradient);
}

void ConvolutionKernel::backward_weights(std::int64_t batch, const float* x, const float* y_gradient,
                                         float* kernel_gradient, float* bias_gradient) {
  if (bf16_) return bf16_->backward_weights(batch, y_gradient, kernel_gradient, bias_gradient);
  if (winograd_ && WinogradConvolution::prefers_backward_weights(shape_))
    return winograd_->backward_weights(batch, x, y_gradient, kernel_gradient, bias_gradient);
  if (ConvolutionLoops::prefers_backward_weights(shape_))
    return loops_->backward_weights(batch, x, y_gradient, kernel_gradient, bias_gradient);
  primitives(batch).backward_weights(x, y_gradient, kernel_gradient, bias_gradient);
}

VolumeConvolution::VolumeConvolution(ComputeEngine& engine, const VolumeConvolutionShape& shape)
    : engine_(engine), shape_(shape) {}

VolumeConvolution::~VolumeConvolution() = default;

ConvolutionPrimitives& VolumeConvolution::primitives(std::int64_t batch) {
  std::unique_ptr<ConvolutionPrimitives>& entry = by_batch_[batch];
  if (!entry) entry = std::make_unique<ConvolutionPrimitives>(engine_, ConvolutionGeometry(shape_), batch);
  return *entry;
}

void VolumeConvolution::forward(std::int64_t batch, const float* x, const float* kernel, const float* bias,
                                float* y) {
  primitives(batch).forward(x, kernel, bias, y);
}

void VolumeConvolution::backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                                      float* x_gradient) {
  primitives(batch).backward_data(y_gradient, kernel, x_gradient);
}

void VolumeConvolution::backward_weights(std::int64_t batch, const float* x, const float* y_gradient,
                                         float* kernel_gradient, float* bias_gradient) {
  primitives(batch).backward_weights(x, y_gradient, kernel_gradient, bias_gradient);
}

}  // namespace kairos::host
