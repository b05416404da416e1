// SPDX-License-Identifier: MIT
// Applies an activation in place if its gradient can be computed from the output.
#include "nn/layers/product_activation.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "compute/vector.hpp"
#include "nn/keras/inner_layer.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

constexpr std::array<std::string_view, 4> activation_layers{"ReLU", "LeakyReLU", "ELU", "Softmax"};

std::unique_ptr<Layer> read_activation_layer(ConfigReader& config) {
  const nlohmann::json* const value = config.take("activation");
  if (value == nullptr || !value->is_object()) return nullptr;
  const auto name = value->find("class_name");
  if (name == value->end() || *name == "function") return nullptr;
  const auto* const text = name->get_ptr<const std::string*>();
  if (text == nullptr ||
      std::find(activation_layers.begin(), activation_layers.end(), *text) == activation_layers.end())
    config.bad_value("activation", "the name of an activation function, or ReLU, LeakyReLU, ELU or Softmax");
  std::unique_ptr<Layer> layer = read_inner_layer(config, "activation");
  if (layer->penalizes_output())
    config.bad_value("activation", "a layer without activity_regularizer: set it on the enclosing layer");
  return layer;
}

}  // namespace

ProductActivation::ProductActivation(ConfigReader& config)
    : layer_(read_activation_layer(config)),
      function_(layer_ == nullptr ? read_activation(config, "activation") : *find_activation("linear")) {}

Shape ProductActivation::build(const Layer& around, Shape product, const BuildContext& context) {
  width_ = product.back();
  rows_per_sample_ = size_of(product) / width_;
  if (layer_ != nullptr) return layer_->build(std::array{std::move(product)}, context);
  product.back() = activated_width(around, function_, width_);
  return product;
}

void ProductActivation::reserve(std::int64_t batch) {
  if (keeps_product()) product_.reserve(batch * rows_per_sample_ * width_);
  if (keeps_gradient()) product_gradient_.reserve(batch * rows_per_sample_ * width_);
  if (layer_ != nullptr) layer_->reserve(batch);
}

void ProductActivation::forward(const GraphPass& pass, float* output) {
  const std::array<const float*, 1> inputs{product(output)};
  const std::array<Mask, 1> masks{nullptr};
  // Not as a post-op of the product: oneDNN's relu turns NaN into 0 and would hide that a run has diverged.
  if (layer_ != nullptr)
    layer_->forward(pass, {inputs, output, masks, nullptr});
  else if (function_.name != "linear")
    function_.forward(pass.batch * rows_per_sample_, width_, inputs.front(), output);
}

bool ProductActivation::keep_logits() {
  keeps_logits_ = layer_ == nullptr ? function_.keeps_width() : layer_->keep_logits();
  return keeps_logits_;
}

float* ProductActivation::backward(const GraphPass& pass, const LayerGradients& g) {
  if (layer_ == nullptr && function_.name == "linear") return g.output_gradient;
  if (layer_ != nullptr) {
    const std::array<const float*, 1> kept{product_.data()};
    const std::array<float*, 1> gradients{product_gradient_.data()};
    const std::array<Mask, 1> masks{nullptr};
    layer_->backward(pass, {kept, g.output, g.output_gradient, gradients, masks, g.logits_gradient});
    return gradients.front();
  }
  if (g.output_gradient == nullptr) return g.logits_gradient;
  float* const gradient = keeps_gradient() ? product_gradient_.data() : g.output_gradient;
  const float* const kept = function_.needs == ActivationNeeds::Output ? g.output : product_.data();
  const std::int64_t rows = pass.batch * rows_per_sample_;
  function_.backward(rows, width_, kept, g.output_gradient, gradient);
  if (g.logits_gradient != nullptr) add_to(rows * width_, g.logits_gradient, gradient);
  return gradient;
}

nlohmann::json ProductActivation::json() const {
  return layer_ == nullptr ? nlohmann::json(function_.name) : inner_layer_json(*layer_);
}

}  // namespace kairos::host
