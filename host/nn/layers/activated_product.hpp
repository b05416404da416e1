// SPDX-License-Identifier: MIT
// The common part of layers that multiply with a kernel: activation(product(input, kernel) + bias).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/product_activation.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

/// The parameters are a kernel and, if used, a bias.
class ActivatedProduct : public Layer {
 public:
  void reserve(std::int64_t batch) final;
  [[nodiscard]] const Activation* last_activation() const final { return activation_.last_activation(); }
  bool keep_logits() final { return activation_.keep_logits(); }
  [[nodiscard]] const float* logits(std::span<const float* const>) const final {
    return activation_.logits();
  }
  void forward(const GraphPass& pass, const LayerValues& values) final;
  void backward(const GraphPass& pass, const LayerGradients& gradients) final;

 protected:
  /// Reads the activation and the options of both weights, but not whether there is a bias; `kernel_prefix`
  /// is the prefix of the kernel's options, such as "depthwise".
  ActivatedProduct(ConfigReader& config, std::string class_name, std::string kernel_prefix, bool use_bias);

  /// Creates the parameters, and returns the output shape for a product of shape `product`.
  Shape build_weights(const Shape& kernel, const Shape& bias, const Shape& product,
                      const BuildContext& context);
  [[nodiscard]] bool use_bias() const noexcept { return use_bias_; }
  /// Writes what the constructor reads.
  void write_config(nlohmann::json& config) const override;

  virtual void reserve_product(std::int64_t batch) { (void)batch; }
  /// y = product of x and kernel, plus `bias` unless it is null.
  virtual void multiply(std::int64_t batch, const float* x, const float* kernel, const float* bias,
                        float* y) = 0;
  /// Overwrites the gradients; `bias_gradient` may be null. y_gradient is not kept by the caller.
  virtual void backward_weights(std::int64_t batch, const float* x, const float* y_gradient,
                                float* kernel_gradient, float* bias_gradient) = 0;
  virtual void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                             float* x_gradient) = 0;

 private:
  ProductActivation activation_;
  bool use_bias_;
  WeightOptions kernel_;
  WeightOptions bias_;
};

}  // namespace kairos::host
