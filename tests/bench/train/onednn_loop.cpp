// SPDX-License-Identifier: MIT
// Case a as a minimal hand-written loop on oneDNN's primitives: weights in the layout that oneDNN chooses,
// bias and relu fused, one update pass over all weights.
#include <omp.h>
#include <xmmintrin.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>

#include "work.hpp"

namespace {

using dnnl::memory;
using kairos::bench::Work;
using Arguments = std::unordered_map<int, memory>;

constexpr auto f32 = memory::data_type::f32;
constexpr auto any = memory::format_tag::any;

struct Step {
  dnnl::primitive primitive;
  Arguments arguments;
};

/// A weight and its Adam moments, in any layout.
struct Weight {
  memory values, gradient, momentum, velocity;
  std::size_t count = 0;
};

/// One dense layer for one batch size.
struct Layer {
  Step forward, backward_data, backward_weights;
  memory y, y_gradient;
};

class Net {
 public:
  explicit Net(const Work& work) : adam_(work.optimizer == "adam"), batch_(work.batch) {
    const std::int64_t widths[] = {784, 512, 512, 10};
    x_ = memory({{batch_, 784}, f32, memory::format_tag::ab}, engine_, nullptr);
    memory input = x_, input_gradient;
    for (std::size_t i = 0; i < 3; ++i) add(i, widths[i], widths[i + 1], i < 2, input, input_gradient);
  }

  double train(float* x, const float* labels) {
    x_.set_data_handle(x);
    for (Layer& layer : layers_) run(layer.forward);
    const double loss = softmax_crossentropy(labels);
    for (std::size_t i = layers_.size(); i-- > 0;) {
      if (i < 2) relu_backward(layers_[i]);
      run(layers_[i].backward_weights);
      if (i > 0) run(layers_[i].backward_data);
    }
    update();
    stream_.wait();
    return loss;
  }

 private:
  void run(Step& step) { step.primitive.execute(stream_, step.arguments); }

  memory zeros(const memory::desc& desc) {
    memory made(desc, engine_);
    std::fill_n(static_cast<float*>(made.get_data_handle()), desc.get_size() / sizeof(float), 0.0F);
    return made;
  }

  Weight weight(const memory::desc& desc) {
    return {zeros(desc), zeros(desc), zeros(desc), zeros(desc), desc.get_size() / sizeof(float)};
  }

  void add(std::size_t index, std::int64_t inputs, std::int64_t units, bool relu, memory& input,
           memory& input_gradient) {
    const memory::desc x({batch_, inputs}, f32, memory::format_tag::ab);
    const memory::desc y({batch_, units}, f32, memory::format_tag::ab);
    const memory::desc kernel({units, inputs}, f32, any), bias({units}, f32, memory::format_tag::a);
    dnnl::primitive_attr attributes;
    if (relu) {
      dnnl::post_ops post;
      post.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
      attributes.set_post_ops(post);
    }
    using Forward = dnnl::inner_product_forward;
    const Forward::primitive_desc forward({dnnl::prop_kind::forward_training, x, kernel, bias, y}, attributes,
                                          engine_);
    const Forward::primitive_desc hint({dnnl::prop_kind::forward_training, x, kernel, bias, y}, engine_);
    using Weights = dnnl::inner_product_backward_weights;
    const Weights::primitive_desc weights({x, forward.weights_desc(), bias, y}, engine_, hint);
    using Data = dnnl::inner_product_backward_data;
    const Data::primitive_desc data({x, forward.weights_desc(), y}, engine_, hint);

    weights_.push_back(weight(forward.weights_desc()));
    weights_.push_back(weight(bias));
    Weight& k = weights_[2 * index];
    Weight& b = weights_[2 * index + 1];
    kairos::bench::fill_glorot(inputs, units, index + 7, static_cast<float*>(k.values.get_data_handle()),
                               inputs * units);
    Layer layer;
    layer.y = zeros(y);
    layer.y_gradient = zeros(y);
    layer.forward = {Forward(forward),
                     {{DNNL_ARG_SRC, input},
                      {DNNL_ARG_WEIGHTS, k.values},
                      {DNNL_ARG_BIAS, b.values},
                      {DNNL_ARG_DST, layer.y}}};
    layer.backward_weights = {Weights(weights),
                              {{DNNL_ARG_SRC, input},
                               {DNNL_ARG_DIFF_DST, layer.y_gradient},
                               {DNNL_ARG_DIFF_WEIGHTS, k.gradient},
                               {DNNL_ARG_DIFF_BIAS, b.gradient}}};
    if (index > 0)
      layer.backward_data = {Data(data),
                             {{DNNL_ARG_DIFF_DST, layer.y_gradient},
                              {DNNL_ARG_WEIGHTS, k.values},
                              {DNNL_ARG_DIFF_SRC, input_gradient}}};
    input = layer.y;
    input_gradient = layer.y_gradient;
    layers_.push_back(std::move(layer));
  }

  double softmax_crossentropy(const float* labels) {
    const auto* y = static_cast<const float*>(layers_.back().y.get_data_handle());
    auto* gradient = static_cast<float*>(layers_.back().y_gradient.get_data_handle());
    double loss = 0;
    for (std::int64_t row = 0; row < batch_; ++row, y += 10, gradient += 10) {
      const float largest = *std::max_element(y, y + 10);
      float sum = 0;
      for (int k = 0; k < 10; ++k) sum += gradient[k] = std::exp(y[k] - largest);
      const auto label = static_cast<int>(labels[row]);
      loss -= static_cast<double>(y[label] - largest - std::log(sum));
      for (int k = 0; k < 10; ++k)
        gradient[k] = (gradient[k] / sum - (k == label ? 1.0F : 0.0F)) / static_cast<float>(batch_);
    }
    return loss;
  }

  void relu_backward(Layer& layer) {
    const auto* y = static_cast<const float*>(layer.y.get_data_handle());
    auto* gradient = static_cast<float*>(layer.y_gradient.get_data_handle());
    const std::int64_t count = batch_ * 512;
#pragma omp parallel for simd schedule(static)
    for (std::int64_t i = 0; i < count; ++i) gradient[i] = y[i] > 0 ? gradient[i] : 0;
  }

  void update() {
    power_1_ *= 0.9F;
    power_2_ *= 0.999F;
    const float rate = 0.001F * std::sqrt(1 - power_2_) / (1 - power_1_);
    for (Weight& weight : weights_) {
      auto* w = static_cast<float*>(weight.values.get_data_handle());
      const auto* g = static_cast<const float*>(weight.gradient.get_data_handle());
      auto* m = static_cast<float*>(weight.momentum.get_data_handle());
      auto* v = static_cast<float*>(weight.velocity.get_data_handle());
      const auto n = static_cast<std::int64_t>(weight.count);
      if (!adam_) {
#pragma omp parallel for simd schedule(static) if (n > 4096)
        for (std::int64_t i = 0; i < n; ++i) w[i] -= 0.01F * g[i];
        continue;
      }
#pragma omp parallel for simd schedule(static) if (n > 4096)
      for (std::int64_t i = 0; i < n; ++i) {
        m[i] += (g[i] - m[i]) * 0.1F;
        v[i] += (g[i] * g[i] - v[i]) * 0.001F;
        w[i] -= m[i] * rate / (std::sqrt(v[i]) + 1e-7F);
      }
    }
  }

  bool adam_;
  std::int64_t batch_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  memory x_;
  std::vector<Weight> weights_;
  std::vector<Layer> layers_;
  float power_1_ = 1, power_2_ = 1;
};

/// Skips the last, short batch: 96 of 60,000 samples.
double train_epoch(Work& work, Net& net) {
  double sum = 0;
  const std::int64_t batches = work.samples / work.batch;
  for (std::int64_t i = 0; i < batches; ++i)
    sum += net.train(work.x.data() + i * work.batch * 784, work.y.data() + i * work.batch);
  return sum / static_cast<double>(batches * work.batch);
}

/// "oneDNN 2.6.0, AVX2": the version and the widest vector extension that it uses here.
std::string kernels() {
  const dnnl_version_t& version = *dnnl_version();
  const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  const char* const vectors = isa >= dnnl_cpu_isa_avx512_mic ? "AVX-512"
                              : isa >= dnnl_cpu_isa_avx2     ? "AVX2"
                                                             : "below AVX2";
  return "oneDNN " + std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
         std::to_string(version.patch) + ", " + vectors;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Work work = kairos::bench::read_work(argc, argv);
    if (work.name != "a") throw std::invalid_argument("only case a");
    omp_set_num_threads(work.threads);
#pragma omp parallel
    _mm_setcsr(_mm_getcsr() | 0x8040);  // flush denormals and treat them as zero
    Net net(work);
    double loss = train_epoch(work, net);
    const kairos::bench::Clock clock;
    for (std::int64_t epoch = 0; epoch < work.epochs; ++epoch) loss = train_epoch(work, net);
    kairos::bench::report(work, clock, loss, kernels());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
