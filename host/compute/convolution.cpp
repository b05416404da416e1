// SPDX-License-Identifier: MIT
// Creates and runs oneDNN's convolutions on arrays in Keras' layout, one set per batch size.
#include "compute/convolution.hpp"

#include <oneapi/dnnl/dnnl.hpp>
#include <span>

#include "compute/convolution_bf16.hpp"
#include "compute/convolution_loops.hpp"
#include "compute/primitive_desc.hpp"
#include "compute/run_primitive.hpp"
#include "compute/team_size.hpp"
#include "compute/winograd.hpp"

namespace kairos::host {

namespace {

using dnnl::memory;
using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;

constexpr auto float_type = memory::data_type::f32;

memory::dims pair(const Window::Pair& values) {
  return {values[0], values[1]};
}

/// The kernel in the layout that a primitive prefers, if that is not Keras'.
struct KernelCopy {
  KernelCopy(const memory::desc& plain, const memory::desc& wanted, const dnnl::engine& engine)
      : own(plain == wanted ? memory(wanted, engine, nullptr) : memory(wanted, engine)),
        differs(plain != wanted) {}

  memory own;
  bool differs;
  dnnl::reorder reorder;  ///< to `own`, or from it
};

}  // namespace

class ConvolutionPrimitives {
 public:
  ConvolutionPrimitives(ComputeEngine& owner, const ConvolutionShape& shape, std::int64_t batch);

  void forward(const float* x, const float* kernel, const float* bias, float* y);
  void backward_data(const float* y_gradient, const float* kernel, float* x_gradient);
  void backward_weights(const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient);

 private:
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
  BackwardData backward_data_;
  BackwardWeights backward_weights_;
  std::unique_ptr<KernelCopy> forward_kernel_, data_kernel_, weights_kernel_;
};

namespace {

/// Dimensions of [rows, columns, channels, filters] in oneDNN's order.
memory::dims kernel_dims(const ConvolutionShape& s) {
  if (s.groups == 1) return {s.filters, s.channels, s.window.size[0], s.window.size[1]};
  return {s.groups, s.filters / s.groups, s.channels / s.groups, s.window.size[0], s.window.size[1]};
}

}  // namespace

ConvolutionPrimitives::ConvolutionPrimitives(ComputeEngine& owner, const ConvolutionShape& shape,
                                             std::int64_t batch)
    : threads_(threads_for(batch * shape.multiply_adds())),
      stream_(owner.stream()),
      engine_(owner.engine(), true) {
  using tag = memory::format_tag;
  const Window& w = shape.window;
  strides_ = pair(w.stride);
  dilates_ = {w.dilation[0] - 1, w.dilation[1] - 1};
  before_ = pair(w.before);
  after_ = {w.after(0), w.after(1)};
  x_desc_ = memory::desc({batch, shape.channels, w.input[0], w.input[1]}, float_type, tag::nhwc);
  y_desc_ = memory::desc({batch, shape.filters, w.output[0], w.output[1]}, float_type, tag::nhwc);
  const tag plain = shape.groups == 1 ? tag::hwio : tag::hwigo;
  plain_desc_ = memory::desc(kernel_dims(shape), float_type, plain);
  any_desc_ = memory::desc(kernel_dims(shape), float_type,
                           kernel_layout(shape.channels / shape.groups, shape.filters / shape.groups, plain));
  bias_desc_ = memory::desc({shape.filters}, float_type, tag::a);
  x_ = memory(x_desc_, engine_, nullptr);
  plain_ = memory(plain_desc_, engine_, nullptr);
  bias_ = memory(bias_desc_, engine_, nullptr);
  y_ = memory(y_desc_, engine_, nullptr);
}

Forward::primitive_desc ConvolutionPrimitives::forward_hint(bool with_bias) const {
  const auto kind = dnnl::prop_kind::forward_training;
  const auto algorithm = dnnl::algorithm::convolution_direct;
  if (with_bias)
    return describe<Forward>(engine_, kind, algorithm, x_desc_, any_desc_, bias_desc_, y_desc_, strides_,
                             dilates_, before_, after_);
  return describe<Forward>(engine_, kind, algorithm, x_desc_, any_desc_, y_desc_, strides_, dilates_, before_,
                           after_);
}

void ConvolutionPrimitives::make_forward(bool with_bias) {
  const Forward::primitive_desc desc = forward_hint(with_bias);
  forward_kernel_ = std::make_unique<KernelCopy>(plain_desc_, desc.weights_desc(), engine_);
  if (forward_kernel_->differs) forward_kernel_->reorder = dnnl::reorder(plain_, forward_kernel_->own);
  forward_ = Forward(desc);
}

void ConvolutionPrimitives::make_backward_data() {
  const auto desc =
      describe_backward<BackwardData>(forward_hint(false), engine_, dnnl::algorithm::convolution_direct,
                                      x_desc_, any_desc_, y_desc_, strides_, dilates_, before_, after_);
  data_kernel_ = std::make_unique<KernelCopy>(plain_desc_, desc.weights_desc(), engine_);
  if (data_kernel_->differs) data_kernel_->reorder = dnnl::reorder(plain_, data_kernel_->own);
  backward_data_ = BackwardData(desc);
}

void ConvolutionPrimitives::make_backward_weights(bool with_bias) {
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const Forward::primitive_desc hint = forward_hint(with_bias);
  const auto desc =
      with_bias ? describe_backward<BackwardWeights>(hint, engine_, algorithm, x_desc_, any_desc_, bias_desc_,
                                                     y_desc_, strides_, dilates_, before_, after_)
                : describe_backward<BackwardWeights>(hint, engine_, algorithm, x_desc_, any_desc_, y_desc_,
                                                     strides_, dilates_, before_, after_);
  weights_kernel_ = std::make_unique<KernelCopy>(plain_desc_, desc.diff_weights_desc(), engine_);
  if (weights_kernel_->differs) weights_kernel_->reorder = dnnl::reorder(weights_kernel_->own, plain_);
  backward_weights_ = BackwardWeights(desc);
}

void ConvolutionPrimitives::run(const dnnl::primitive& primitive,
                                std::span<const dnnl_exec_arg_t> arguments) {
  run_primitive(primitive, stream_, arguments, "convolution");
}

void ConvolutionPrimitives::run_reorder(const dnnl::primitive& reorder, const memory& from,
                                        const memory& to) {
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from.get()}, {DNNL_ARG_TO, to.get()}};
  run(reorder, arguments);
}

memory& ConvolutionPrimitives::arranged(KernelCopy& copy, const float* kernel) {
  set_data(plain_, kernel);
  if (!copy.differs) return plain_;
  run_reorder(copy.reorder, plain_, copy.own);
  return copy.own;
}

void ConvolutionPrimitives::forward(const float* x, const float* kernel, const float* bias, float* y) {
  const TeamSize team(threads_);
  if (!forward_) make_forward(bias != nullptr);
  const memory& weights = arranged(*forward_kernel_, kernel);
  set_data(x_, x);
  set_data(y_, y);
  set_data(bias_, bias);
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, x_.get()},
                                       {DNNL_ARG_WEIGHTS, weights.get()},
                                       {DNNL_ARG_DST, y_.get()},
                                       {DNNL_ARG_BIAS, bias_.get()}};
  run(forward_, std::span(arguments).first(bias == nullptr ? 3 : 4));
}

void ConvolutionPrimitives::backward_data(const float* y_gradient, const float* kernel, float* x_gradient) {
  const TeamSize team(threads_);
  if (!backward_data_) make_backward_data();
  const memory& weights = arranged(*data_kernel_, kernel);
  set_data(y_, y_gradient);
  set_data(x_, x_gradient);
  const dnnl_exec_arg_t arguments[] = {
      {DNNL_ARG_DIFF_DST, y_.get()}, {DNNL_ARG_WEIGHTS, weights.get()}, {DNNL_ARG_DIFF_SRC, x_.get()}};
  run(backward_data_, arguments);
}

void ConvolutionPrimitives::backward_weights(const float* x, const float* y_gradient, float* kernel_gradient,
                                             float* bias_gradient) {
  const TeamSize team(threads_);
  if (!backward_weights_) make_backward_weights(bias_gradient != nullptr);
  set_data(x_, x);
  set_data(y_, y_gradient);
  set_data(plain_, kernel_gradient);
  set_data(bias_, bias_gradient);
  const memory& result = weights_kernel_->differs ? weights_kernel_->own : plain_;
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, x_.get()},
                                       {DNNL_ARG_DIFF_DST, y_.get()},
                                       {DNNL_ARG_DIFF_WEIGHTS, result.get()},
                                       {DNNL_ARG_DIFF_BIAS, bias_.get()}};
  run(backward_weights_, std::span(arguments).first(bias_gradient == nullptr ? 3 : 4));
  if (weights_kernel_->differs) run_reorder(weights_kernel_->reorder, result, plain_);
}

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
  if (!entry) entry = std::make_unique<ConvolutionPrimitives>(engine_, shape_, batch);
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

}  // namespace kairos::host
