// SPDX-License-Identifier: MIT
// LibTorch's functions for the cases of kairos_layer_bench.
#include <torch/torch.h>

#include <map>
#include <memory>
#include <utility>

#include "cases.hpp"

namespace kairos::bench {

namespace {

namespace F = torch::nn::functional;
using torch::Tensor;
using Function = std::function<Tensor(const Tensor&)>;
using Comparison = std::function<Tensor(const Tensor& output, const Tensor& target)>;

const std::map<std::string, Function>& activations() {
  static const std::map<std::string, Function> functions{
      {"relu", [](const Tensor& x) { return torch::relu(x); }},
      {"relu6", [](const Tensor& x) { return torch::relu6(x); }},
      {"leaky_relu", [](const Tensor& x) { return torch::leaky_relu(x, 0.2); }},
      {"sigmoid", [](const Tensor& x) { return torch::sigmoid(x); }},
      {"hard_sigmoid", [](const Tensor& x) { return torch::hardsigmoid(x); }},
      {"tanh", [](const Tensor& x) { return torch::tanh(x); }},
      {"softmax", [](const Tensor& x) { return torch::softmax(x, -1); }},
      {"log_softmax", [](const Tensor& x) { return torch::log_softmax(x, -1); }},
      {"elu", [](const Tensor& x) { return torch::elu(x); }},
      {"celu", [](const Tensor& x) { return torch::celu(x); }},
      {"selu", [](const Tensor& x) { return torch::selu(x); }},
      {"exponential", [](const Tensor& x) { return torch::exp(x); }},
      {"gelu", [](const Tensor& x) { return torch::gelu(x); }},
      {"silu", [](const Tensor& x) { return torch::silu(x); }},
      {"softplus", [](const Tensor& x) { return torch::softplus(x); }},
      {"softsign", [](const Tensor& x) { return F::softsign(x); }},
      {"glu", [](const Tensor& x) { return torch::glu(x); }},
      {"hard_shrink", [](const Tensor& x) { return torch::hardshrink(x); }},
      {"soft_shrink", [](const Tensor& x) { return torch::softshrink(x); }},
      {"hard_silu", [](const Tensor& x) { return torch::hardswish(x); }},
      {"hard_tanh", [](const Tensor& x) { return torch::hardtanh(x); }},
      {"log_sigmoid", [](const Tensor& x) { return torch::log_sigmoid(x); }},
      {"mish", [](const Tensor& x) { return torch::mish(x); }},
      {"tanh_shrink", [](const Tensor& x) { return F::tanhshrink(x); }},
  };
  return functions;
}

std::map<std::string, Function> layers(std::int64_t channels) {
  torch::nn::BatchNorm2d batch_norm(torch::nn::BatchNorm2dOptions(channels).eps(1e-3).momentum(0.01));
  torch::nn::LayerNorm layer_norm(torch::nn::LayerNormOptions({channels}).eps(1e-3));
  return {
      {"ReLU()", [](const Tensor& x) { return torch::relu(x); }},
      {"ReLU(max_value=6)", [](const Tensor& x) { return torch::relu6(x); }},
      {"LeakyReLU()", [](const Tensor& x) { return torch::leaky_relu(x, 0.3); }},
      {"ELU()", [](const Tensor& x) { return torch::elu(x); }},
      {"Softmax()",
       [](const Tensor& x) {
         return torch::softmax(x.permute({0, 2, 3, 1}), -1);
       }},
      {"dropout(0.3)", [](const Tensor& x) { return torch::dropout(x, 0.3, true); }},
      {"batchnorm()", [batch_norm](const Tensor& x) mutable { return batch_norm->forward(x); }},
      {"layernorm()",
       [layer_norm](const Tensor& x) mutable {
         return layer_norm->forward(x.permute({0, 2, 3, 1}));
       }},
      {"maxpool(2)", [](const Tensor& x) { return torch::max_pool2d(x, 2); }},
      {"avgpool(2)", [](const Tensor& x) { return torch::avg_pool2d(x, 2); }},
      {"globalavgpool()", [](const Tensor& x) { return torch::adaptive_avg_pool2d(x, 1); }},
  };
}

const std::map<std::string, Comparison>& losses() {
  static const std::map<std::string, Comparison> functions{
      {"mean_squared_error", [](const Tensor& o, const Tensor& t) { return torch::mse_loss(o, t); }},
      {"mean_absolute_error", [](const Tensor& o, const Tensor& t) { return torch::l1_loss(o, t); }},
      {"mean_absolute_percentage_error",
       [](const Tensor& o, const Tensor& t) { return ((o - t).abs() / t).mean(); }},
      {"mean_squared_logarithmic_error",
       [](const Tensor& o, const Tensor& t) { return (o.log1p() - t.log1p()).square().mean(); }},
      {"huber", [](const Tensor& o, const Tensor& t) { return torch::huber_loss(o, t); }},
      {"log_cosh",
       [](const Tensor& o, const Tensor& t) {
         const Tensor error = o - t;
         return (error + torch::softplus(-2 * error)).mean();
       }},
      {"poisson",
       [](const Tensor& o, const Tensor& t) {
         return torch::poisson_nll_loss(o, t, false, false, 1e-7, at::Reduction::Mean);
       }},
      {"binary_crossentropy",
       [](const Tensor& o, const Tensor& t) { return torch::binary_cross_entropy(o, t); }},
      {"kl_divergence", [](const Tensor& o, const Tensor& t) { return torch::kl_div(o.log(), t); }},
      {"cosine_similarity",
       [](const Tensor& o, const Tensor& t) { return torch::cosine_similarity(o, t, -1).mean(); }},
  };
  return functions;
}

std::unique_ptr<torch::optim::Optimizer> optimizer(const std::string& text, const Tensor& weight) {
  namespace optim = torch::optim;
  const std::vector<Tensor> weights{weight};
  if (text == "SGD()") return std::make_unique<optim::SGD>(weights, optim::SGDOptions(0.01));
  if (text == "SGD(momentum=0.9)")
    return std::make_unique<optim::SGD>(weights, optim::SGDOptions(0.01).momentum(0.9));
  if (text == "SGD(momentum=0.9,nesterov=true)")
    return std::make_unique<optim::SGD>(weights, optim::SGDOptions(0.01).momentum(0.9).nesterov(true));
  if (text == "RMSprop()") return std::make_unique<optim::RMSprop>(weights, optim::RMSpropOptions(0.001));
  if (text == "RMSprop(momentum=0.9,centered=true)")
    return std::make_unique<optim::RMSprop>(weights,
                                            optim::RMSpropOptions(0.001).momentum(0.9).centered(true));
  if (text == "Adagrad()") return std::make_unique<optim::Adagrad>(weights, optim::AdagradOptions(0.001));
  if (text == "Adam()" || text == "Adam(clipnorm=1)" || text == "Adam(clipvalue=0.5)")
    return std::make_unique<optim::Adam>(weights, optim::AdamOptions(0.001));
  if (text == "Adam(amsgrad=true)")
    return std::make_unique<optim::Adam>(weights, optim::AdamOptions(0.001).amsgrad(true));
  if (text == "AdamW()") return std::make_unique<optim::AdamW>(weights, optim::AdamWOptions(0.001));
  return nullptr;
}

std::function<void()> backward_of(const Function& f, const Tensor& x) {
  const Tensor input = x.detach().requires_grad_();
  const Tensor y_gradient = torch::rand_like(f(input)) * 2 - 1;
  return [f, input, y_gradient] {
    input.mutable_grad().reset();
    f(input).backward(y_gradient);
  };
}

std::function<void()> optimizer_step(const std::string& text, std::int64_t n) {
  const Tensor weight = (torch::rand({n}) * 2 - 1).requires_grad_();
  weight.mutable_grad() = torch::rand({n}) * 2 - 1;
  std::shared_ptr<torch::optim::Optimizer> steps = optimizer(text, weight);
  if (steps == nullptr) return {};
  return [steps, weight, text] {
    if (text == "Adam(clipnorm=1)") torch::nn::utils::clip_grad_norm_(weight, 1);
    if (text == "Adam(clipvalue=0.5)") torch::nn::utils::clip_grad_value_(weight, 0.5);
    steps->step();
  };
}

}  // namespace

std::function<void()> peer(const Case& one, const Sizes& sizes) {
  if (one.kind == "activation") {
    const auto found = activations().find(one.name);
    if (found == activations().end()) return {};
    return backward_of(found->second, torch::rand({one.values / sizes.channels, sizes.channels}) * 8 - 4);
  }
  if (one.kind == "layer") {
    const std::map<std::string, Function> all = layers(sizes.channels);
    const auto found = all.find(one.name);
    if (found == all.end()) return {};
    const Tensor x = torch::rand({sizes.batch, sizes.channels, sizes.side, sizes.side}) * 8 - 4;
    return backward_of(found->second, x.contiguous(torch::MemoryFormat::ChannelsLast));
  }
  if (one.kind == "loss") {
    const auto found = losses().find(one.name);
    if (found == losses().end()) return {};
    const Tensor output = (torch::rand({sizes.rows, sizes.features}) * 0.98 + 0.01).requires_grad_();
    const Tensor target = torch::rand({sizes.rows, sizes.features}) + 1e-6;
    return [f = found->second, output, target] {
      output.mutable_grad().reset();
      f(output, target).backward();
    };
  }
  return one.kind == "optimizer" ? optimizer_step(one.name, sizes.parameters) : std::function<void()>();
}

void set_peer_threads(int threads) {
  torch::set_num_threads(threads);
  at::globalContext().setFlushDenormal(true);
}

}  // namespace kairos::bench
