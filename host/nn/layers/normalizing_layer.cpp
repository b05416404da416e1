// SPDX-License-Identifier: MIT
// gamma and beta of the normalizing layers.
#include "nn/layers/normalizing_layer.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "compute/random.hpp"

namespace kairos::host {

NormalizingLayer::NormalizingLayer(ConfigReader& config, std::string class_name)
    : Layer(config, std::move(class_name)),
      axes_(config),
      epsilon_(config.number("epsilon", 1e-3, {0, 1e30})),
      center_(config.boolean("center", true)),
      scale_(config.boolean("scale", true)),
      beta_(config, "beta", "zeros"),
      gamma_(config, "gamma", "ones") {}

void NormalizingLayer::add_weights(const Shape& shape, const BuildContext& context) {
  if (scale_) gamma_.apply(add_parameter("gamma", shape), joined_key(context.key, 0));
  if (center_) beta_.apply(add_parameter("beta", shape), joined_key(context.key, 1));
}

NormalizationWeights NormalizingLayer::weights() {
  return {scale_ ? parameters()[0].values.data() : nullptr,
          center_ ? parameters()[beta_index()].values.data() : nullptr};
}

NormalizationGradients NormalizingLayer::gradients(float* of_input) {
  const auto gradient = [&](bool has, std::size_t index) {
    return has && trainable() ? parameters()[index].gradient.data() : nullptr;
  };
  return {gradient(scale_, 0), gradient(center_, beta_index()), of_input};
}

void NormalizingLayer::write_config(nlohmann::json& config) const {
  config["axis"] = axes_.json();
  config["epsilon"] = epsilon_;
  config["center"] = center_;
  config["scale"] = scale_;
  beta_.write(config);
  gamma_.write(config);
}

}  // namespace kairos::host
