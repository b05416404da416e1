// SPDX-License-Identifier: MIT
// Creates and runs oneDNN's inner products on arrays in Keras' layout.
#include "compute/dense_primitive.hpp"

#include <initializer_list>
#include <oneapi/dnnl/dnnl.hpp>

#include "compute/primitive_desc.hpp"
#include "compute/run_primitive.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

constexpr const char* noun = "dense layer";

/// oneDNN calls a kernel [inputs, units] weights (units, inputs) with the format `ba`.
struct Descriptors {
  Descriptors(std::int64_t rows, std::int64_t inputs, std::int64_t units)
      : x({rows, inputs}, type, dnnl::memory::format_tag::ab),
        kernel({units, inputs}, type, dnnl::memory::format_tag::ba),
        bias({units}, type, dnnl::memory::format_tag::a),
        y({rows, units}, type, dnnl::memory::format_tag::ab) {}

  static constexpr auto type = dnnl::memory::data_type::f32;
  dnnl::memory::desc x, kernel, bias, y;
};

}  // namespace

struct DensePrimitives::State {
  State(ComputeEngine& owner, std::int64_t rows, std::int64_t inputs, std::int64_t units)
      : threads(threads_for(rows * inputs * units)),
        stream(owner.stream()),
        engine(owner.engine(), true),
        descriptors(rows, inputs, units),
        x(descriptors.x, engine, nullptr),
        kernel(descriptors.kernel, engine, nullptr),
        bias(descriptors.bias, engine, nullptr),
        y(descriptors.y, engine, nullptr) {}

  dnnl::inner_product_forward::primitive_desc forward_hint(bool with_bias) {
    const Descriptors& d = descriptors;
    const auto kind = dnnl::prop_kind::forward_training;
    return with_bias ? describe<dnnl::inner_product_forward>(engine, kind, d.x, d.kernel, d.bias, d.y)
                     : describe<dnnl::inner_product_forward>(engine, kind, d.x, d.kernel, d.y);
  }

  void run(const dnnl::primitive& primitive, std::initializer_list<dnnl_exec_arg_t> arguments) {
    run_primitive(primitive, stream, {arguments.begin(), arguments.size()}, noun);
  }

  int threads;
  dnnl_stream* stream;
  dnnl::engine engine;
  Descriptors descriptors;
  dnnl::memory x, kernel, bias, y;
  dnnl::inner_product_forward forward_with_bias, forward_without_bias;
  dnnl::inner_product_backward_data backward_data;
  dnnl::inner_product_backward_weights backward_with_bias, backward_without_bias;
};

DensePrimitives::DensePrimitives(ComputeEngine& engine, std::int64_t rows, std::int64_t inputs,
                                 std::int64_t units)
    : state_(std::make_unique<State>(engine, rows, inputs, units)) {}

DensePrimitives::~DensePrimitives() = default;

void DensePrimitives::forward(const float* x, const float* kernel, const float* bias, float* y) {
  State& s = *state_;
  const TeamSize team(s.threads);
  dnnl::inner_product_forward& primitive = bias != nullptr ? s.forward_with_bias : s.forward_without_bias;
  if (!primitive) primitive = dnnl::inner_product_forward(s.forward_hint(bias != nullptr));
  set_data(s.x, x);
  set_data(s.kernel, kernel);
  set_data(s.y, y);
  if (bias == nullptr) {
    s.run(primitive,
          {{DNNL_ARG_SRC, s.x.get()}, {DNNL_ARG_WEIGHTS, s.kernel.get()}, {DNNL_ARG_DST, s.y.get()}});
    return;
  }
  set_data(s.bias, bias);
  s.run(primitive, {{DNNL_ARG_SRC, s.x.get()},
                    {DNNL_ARG_WEIGHTS, s.kernel.get()},
                    {DNNL_ARG_BIAS, s.bias.get()},
                    {DNNL_ARG_DST, s.y.get()}});
}

void DensePrimitives::backward_data(const float* y_gradient, const float* kernel, float* x_gradient) {
  State& s = *state_;
  const TeamSize team(s.threads);
  if (!s.backward_data) {
    const Descriptors& d = s.descriptors;
    using Backward = dnnl::inner_product_backward_data;
    s.backward_data =
        Backward(describe_backward<Backward>(s.forward_hint(false), s.engine, d.x, d.kernel, d.y));
  }
  set_data(s.y, y_gradient);
  set_data(s.kernel, kernel);
  set_data(s.x, x_gradient);
  s.run(s.backward_data,
        {{DNNL_ARG_DIFF_DST, s.y.get()}, {DNNL_ARG_WEIGHTS, s.kernel.get()}, {DNNL_ARG_DIFF_SRC, s.x.get()}});
}

void DensePrimitives::backward_weights(const float* x, const float* y_gradient, float* kernel_gradient,
                                       float* bias_gradient) {
  using Backward = dnnl::inner_product_backward_weights;
  State& s = *state_;
  const TeamSize team(s.threads);
  const bool with_bias = bias_gradient != nullptr;
  Backward& primitive = with_bias ? s.backward_with_bias : s.backward_without_bias;
  if (!primitive) {
    const Descriptors& d = s.descriptors;
    const auto hint = s.forward_hint(with_bias);
    primitive = Backward(with_bias ? describe_backward<Backward>(hint, s.engine, d.x, d.kernel, d.bias, d.y)
                                   : describe_backward<Backward>(hint, s.engine, d.x, d.kernel, d.y));
  }
  set_data(s.x, x);
  set_data(s.y, y_gradient);
  set_data(s.kernel, kernel_gradient);
  if (!with_bias) {
    s.run(
        primitive,
        {{DNNL_ARG_SRC, s.x.get()}, {DNNL_ARG_DIFF_DST, s.y.get()}, {DNNL_ARG_DIFF_WEIGHTS, s.kernel.get()}});
    return;
  }
  set_data(s.bias, bias_gradient);
  s.run(primitive, {{DNNL_ARG_SRC, s.x.get()},
                    {DNNL_ARG_DIFF_DST, s.y.get()},
                    {DNNL_ARG_DIFF_WEIGHTS, s.kernel.get()},
                    {DNNL_ARG_DIFF_BIAS, s.bias.get()}});
}

}  // namespace kairos::host
