// SPDX-License-Identifier: MIT
// Kernel, bias and activation of a product.
#include "nn/layers/activated_product.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "compute/random.hpp"

namespace kairos::host {

ActivatedProduct::ActivatedProduct(ConfigReader& config, std::string class_name, std::string kernel_prefix,
                                   bool use_bias)
    : Layer(config, std::move(class_name)),
      activation_(config),
      use_bias_(use_bias),
      kernel_(config, std::move(kernel_prefix), "glorot_uniform"),
      bias_(config, "bias", "zeros") {}

Shape ActivatedProduct::build_weights(const Shape& kernel, const Shape& bias, const Shape& product,
                                      const BuildContext& context) {
  kernel_.apply(add_parameter("kernel", kernel), joined_key(context.key, 0));
  if (use_bias_) bias_.apply(add_parameter("bias", bias), joined_key(context.key, 1));
  return activation_.build(*this, product, context);
}

void ActivatedProduct::reserve(std::int64_t batch) {
  activation_.reserve(batch);
  reserve_product(batch);
}

void ActivatedProduct::forward(const GraphPass& pass, const LayerValues& v) {
  multiply(pass.batch, v.inputs.front(), parameters()[0].values.data(),
           use_bias_ ? parameters()[1].values.data() : nullptr, activation_.product(v.output));
  activation_.forward(pass, v.output);
}

void ActivatedProduct::backward(const GraphPass& pass, const LayerGradients& g) {
  float* const gradient = activation_.backward(pass, g);
  if (trainable())
    backward_weights(pass.batch, g.inputs.front(), gradient, parameters()[0].gradient.data(),
                     use_bias_ ? parameters()[1].gradient.data() : nullptr);
  if (g.input_gradients.front() != nullptr)
    backward_data(pass.batch, gradient, parameters()[0].values.data(), g.input_gradients.front());
}

void ActivatedProduct::write_config(nlohmann::json& config) const {
  config["activation"] = activation_.json();
  kernel_.write(config);
  bias_.write(config);
  config["activity_regularizer"] = regularizer_json(activity_regularizer());
}

}  // namespace kairos::host
