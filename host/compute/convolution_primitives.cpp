// SPDX-License-Identifier: MIT
// Creates and runs oneDNN's convolutions on arrays in Keras' layout.
#include "compute/convolution_primitives.hpp"

#include "compute/primitive_desc.hpp"
#include "compute/run_primitive.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

using dnnl::memory;
using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;

constexpr auto float_type = memory::data_type::f32;

/// Appends dimension `i` of the window.
void append(const Window& window, std::size_t i, ConvolutionGeometry& to) {
  to.input.push_back(window.input[i]);
  to.size.push_back(window.size[i]);
  to.strides.push_back(window.stride[i]);
  to.dilates.push_back(window.dilation[i] - 1);
  to.before.push_back(window.before[i]);
  to.after.push_back(window.after(i));
  to.output.push_back(window.output[i]);
}

/// Dimensions of [sizes…, channels, filters] in oneDNN's order.
memory::dims kernel_dims(const ConvolutionGeometry& s) {
  memory::dims dims{s.filters / s.groups, s.channels / s.groups};
  if (s.groups > 1) dims.insert(dims.begin(), s.groups);
  dims.insert(dims.end(), s.size.begin(), s.size.end());
  return dims;
}

memory::dims value_dims(std::int64_t batch, std::int64_t channels, const memory::dims& sizes) {
  memory::dims dims{batch, channels};
  dims.insert(dims.end(), sizes.begin(), sizes.end());
  return dims;
}

}  // namespace

ConvolutionGeometry::ConvolutionGeometry(const ConvolutionShape& shape)
    : channels(shape.channels),
      filters(shape.filters),
      groups(shape.groups),
      multiply_adds(shape.multiply_adds()) {
  for (std::size_t i = 0; i < 2; ++i) append(shape.window, i, *this);
}

ConvolutionGeometry::ConvolutionGeometry(const VolumeConvolutionShape& shape)
    : channels(shape.channels),
      filters(shape.filters),
      groups(shape.groups),
      multiply_adds(shape.multiply_adds()) {
  append(shape.window.depth, 1, *this);
  for (std::size_t i = 0; i < 2; ++i) append(shape.window.plane, i, *this);
}

/// The kernel in the layout that a primitive prefers, if that is not Keras'.
struct ConvolutionPrimitives::KernelCopy {
  KernelCopy(const memory::desc& plain, const memory::desc& wanted, const dnnl::engine& engine)
      : own(plain == wanted ? memory(wanted, engine, nullptr) : memory(wanted, engine)),
        differs(plain != wanted) {}

  memory own;
  bool differs;
  dnnl::reorder reorder;  ///< to `own`, or from it
};

ConvolutionPrimitives::ConvolutionPrimitives(ComputeEngine& owner, const ConvolutionGeometry& shape,
                                             std::int64_t batch)
    : threads_(threads_for(batch * shape.multiply_adds)),
      stream_(owner.stream()),
      engine_(owner.engine(), true),
      strides_(shape.strides),
      dilates_(shape.dilates),
      before_(shape.before),
      after_(shape.after) {
  using tag = memory::format_tag;
  const bool volume = shape.input.size() == 3;
  const tag values = volume ? tag::ndhwc : tag::nhwc;
  x_desc_ = memory::desc(value_dims(batch, shape.channels, shape.input), float_type, values);
  y_desc_ = memory::desc(value_dims(batch, shape.filters, shape.output), float_type, values);
  const tag plain =
      volume ? (shape.groups == 1 ? tag::dhwio : tag::dhwigo) : (shape.groups == 1 ? tag::hwio : tag::hwigo);
  plain_desc_ = memory::desc(kernel_dims(shape), float_type, plain);
  any_desc_ = memory::desc(kernel_dims(shape), float_type,
                           kernel_layout(shape.channels / shape.groups, shape.filters / shape.groups, plain));
  bias_desc_ = memory::desc({shape.filters}, float_type, tag::a);
  x_ = memory(x_desc_, engine_, nullptr);
  plain_ = memory(plain_desc_, engine_, nullptr);
  bias_ = memory(bias_desc_, engine_, nullptr);
  y_ = memory(y_desc_, engine_, nullptr);
}

ConvolutionPrimitives::~ConvolutionPrimitives() = default;

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

}  // namespace kairos::host
