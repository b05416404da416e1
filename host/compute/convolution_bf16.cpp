// SPDX-License-Identifier: MIT
// Creates and runs oneDNN's convolutions, one set per batch size. Images are plain. Kernels are reordered
// into the layout that a primitive prefers; the reorder also rounds them.
#include "compute/convolution_bf16.hpp"

#include <algorithm>

#include "compute/kernels/kernels.hpp"
#include "compute/primitive_desc.hpp"
#include "compute/run_primitive.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

using dnnl::memory;
using tag = memory::format_tag;
using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;

/// A bf16 product takes half the time of a float32 one, for which the limit of one thread is defined.
constexpr std::int64_t per_float32 = 2;

constexpr auto bf16 = memory::data_type::bf16;
constexpr auto f32 = memory::data_type::f32;
constexpr auto algorithm = dnnl::algorithm::convolution_direct;

memory::dims pair(const Window::Pair& values) {
  return {values[0], values[1]};
}

/// A primitive, the kernel in its layout, and the reorder between that and the plain layout.
template <class Primitive>
struct Arranged {
  Primitive primitive;
  memory kernel;
  dnnl::reorder reorder;
};

}  // namespace

class ConvolutionBf16::Products {
 public:
  Products(ComputeEngine& owner, const ConvolutionShape& shape, std::int64_t batch)
      : threads_(threads_for(batch * shape.multiply_adds() / per_float32)),
        stream_(owner.stream()),
        engine_(owner.engine(), true),
        strides_(pair(shape.window.stride)),
        dilates_{shape.window.dilation[0] - 1, shape.window.dilation[1] - 1},
        before_(pair(shape.window.before)),
        after_{shape.window.after(0), shape.window.after(1)},
        x_dims_{batch, shape.channels, shape.window.input[0], shape.window.input[1]},
        y_dims_{batch, shape.filters, shape.window.output[0], shape.window.output[1]},
        kernel_dims_{shape.filters, shape.channels, shape.window.size[0], shape.window.size[1]},
        x_({x_dims_, f32, tag::nhwc}, engine_, nullptr),
        rounded_x_({x_dims_, bf16, tag::nhwc}, engine_, nullptr),
        kernel_({kernel_dims_, f32, tag::hwio}, engine_, nullptr),
        bias_({{shape.filters}, f32, tag::a}, engine_, nullptr),
        y_({y_dims_, f32, tag::nhwc}, engine_, nullptr),
        rounded_y_({y_dims_, bf16, tag::nhwc}, engine_, nullptr) {}

  void forward(const Rounded& x, const float* kernel, const float* bias, float* y) {
    const TeamSize team(threads_);
    if (!forward_.primitive) make_forward(bias != nullptr);
    arrange(forward_.reorder, kernel, forward_.kernel);
    set_data(rounded_x_, x.data());
    set_data(bias_, bias);
    set_data(y_, y);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, rounded_x_.get()},
                                         {DNNL_ARG_WEIGHTS, forward_.kernel.get()},
                                         {DNNL_ARG_DST, y_.get()},
                                         {DNNL_ARG_BIAS, bias_.get()}};
    run(forward_.primitive, std::span(arguments).first(bias == nullptr ? 3 : 4));
  }

  void backward_data(const Rounded& y_gradient, const float* kernel, float* x_gradient) {
    const TeamSize team(threads_);
    if (!data_.primitive) make_backward_data();
    arrange(data_.reorder, kernel, data_.kernel);
    set_data(rounded_y_, y_gradient.data());
    set_data(x_, x_gradient);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_DIFF_DST, rounded_y_.get()},
                                         {DNNL_ARG_WEIGHTS, data_.kernel.get()},
                                         {DNNL_ARG_DIFF_SRC, x_.get()}};
    run(data_.primitive, arguments);
  }

  void backward_weights(const Rounded& x, const Rounded& y_gradient, float* kernel_gradient) {
    const TeamSize team(threads_);
    if (!weights_.primitive) make_backward_weights();
    set_data(rounded_x_, x.data());
    set_data(rounded_y_, y_gradient.data());
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, rounded_x_.get()},
                                         {DNNL_ARG_DIFF_DST, rounded_y_.get()},
                                         {DNNL_ARG_DIFF_WEIGHTS, weights_.kernel.get()}};
    run(weights_.primitive, arguments);
    set_data(kernel_, kernel_gradient);
    run_reorder(weights_.reorder, weights_.kernel, kernel_);
  }

 private:
  [[nodiscard]] memory::desc kernel_desc(memory::data_type type) const {
    return {kernel_dims_, type, kernel_layout(kernel_dims_[1], kernel_dims_[0], tag::hwio)};
  }

  [[nodiscard]] Forward::primitive_desc forward_desc(bool with_bias) const {
    const auto kind = dnnl::prop_kind::forward_training;
    const memory::desc x = rounded_x_.get_desc(), y = y_.get_desc();
    if (with_bias)
      return describe<Forward>(engine_, kind, algorithm, x, kernel_desc(bf16), bias_.get_desc(), y, strides_,
                               dilates_, before_, after_);
    return describe<Forward>(engine_, kind, algorithm, x, kernel_desc(bf16), y, strides_, dilates_, before_,
                             after_);
  }

  void make_forward(bool with_bias) {
    const Forward::primitive_desc desc = forward_desc(with_bias);
    const memory own(desc.weights_desc(), engine_);
    forward_ = {Forward(desc), own, dnnl::reorder(kernel_, own)};
  }

  void make_backward_data() {
    const auto desc = describe_backward<BackwardData>(forward_desc(false), engine_, algorithm, x_.get_desc(),
                                                      kernel_desc(bf16), rounded_y_.get_desc(), strides_,
                                                      dilates_, before_, after_);
    const memory own(desc.weights_desc(), engine_);
    data_ = {BackwardData(desc), own, dnnl::reorder(kernel_, own)};
  }

  void make_backward_weights() {
    const auto desc = describe_backward<BackwardWeights>(
        forward_desc(false), engine_, algorithm, rounded_x_.get_desc(), kernel_desc(f32),
        rounded_y_.get_desc(), strides_, dilates_, before_, after_);
    const memory own(desc.diff_weights_desc(), engine_);
    weights_ = {BackwardWeights(desc), own, dnnl::reorder(own, kernel_)};
  }

  void run(const dnnl::primitive& primitive, std::span<const dnnl_exec_arg_t> arguments) {
    run_primitive(primitive, stream_, arguments, "convolution in bf16");
  }

  void run_reorder(const dnnl::primitive& reorder, const memory& from, const memory& to) {
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from.get()}, {DNNL_ARG_TO, to.get()}};
    run(reorder, arguments);
  }

  void arrange(const dnnl::primitive& reorder, const float* kernel, const memory& to) {
    set_data(kernel_, kernel);
    run_reorder(reorder, kernel_, to);
  }

  int threads_;
  dnnl_stream* stream_;
  dnnl::engine engine_;
  memory::dims strides_, dilates_, before_, after_;
  memory::dims x_dims_, y_dims_, kernel_dims_;
  memory x_, rounded_x_, kernel_, bias_, y_, rounded_y_;
  Arranged<Forward> forward_;
  Arranged<BackwardData> data_;
  Arranged<BackwardWeights> weights_;
};

ConvolutionBf16::ConvolutionBf16(ComputeEngine& engine, const ConvolutionShape& shape)
    : engine_(engine),
      shape_(shape),
      x_size_(shape.window.input[0] * shape.window.input[1] * shape.channels),
      y_rows_(shape.window.output[0] * shape.window.output[1]),
      x_(engine),
      y_gradient_(engine) {}

ConvolutionBf16::~ConvolutionBf16() = default;

ConvolutionBf16::Products& ConvolutionBf16::products(std::int64_t batch) {
  std::unique_ptr<Products>& entry = by_batch_[batch];
  if (!entry) entry = std::make_unique<Products>(engine_, shape_, batch);
  return *entry;
}

void ConvolutionBf16::forward(std::int64_t batch, const float* x, const float* kernel, const float* bias,
                              float* y) {
  has_gradient_ = false;
  if (batch == 0) return;
  x_.copy(batch * x_size_, x);
  products(batch).forward(x_, kernel, bias, y);
}

void ConvolutionBf16::round_gradient(std::int64_t batch, const float* y_gradient) {
  if (!has_gradient_) y_gradient_.copy(batch * y_rows_ * shape_.filters, y_gradient);
  has_gradient_ = true;
}

void ConvolutionBf16::backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                                    float* x_gradient) {
  if (batch == 0) return;
  round_gradient(batch, y_gradient);
  products(batch).backward_data(y_gradient_, kernel, x_gradient);
}

void ConvolutionBf16::backward_weights(std::int64_t batch, const float* y_gradient, float* kernel_gradient,
                                       float* bias_gradient) {
  if (batch > 0) {
    round_gradient(batch, y_gradient);
    products(batch).backward_weights(x_, y_gradient_, kernel_gradient);
  } else {
    std::fill_n(kernel_gradient, shape_.kernel_size(), 0.0F);
  }
  if (bias_gradient != nullptr)
    kernels().sum_rows(batch * y_rows_, shape_.filters, y_gradient, bias_gradient);
}

}  // namespace kairos::host
