// SPDX-License-Identifier: MIT
// The activation at the end of a dense layer or convolution, with the values that its gradient needs.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "compute/activation.hpp"
#include "compute/buffer.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// A function, or a layer as in Dense(4, activation=LeakyReLU(0.1)).
class ProductActivation {
 public:
  /// Reads "activation". Throws Error(Model).
  explicit ProductActivation(ConfigReader& config);

  /// Returns the output shape for a product of that shape. Throws Error(Model) for an unsupported width.
  Shape build(const Layer& around, Shape product, const BuildContext& context);
  void reserve(std::int64_t batch);
  /// Where the product must be written before `forward` computes `output` from it.
  [[nodiscard]] float* product(float* output) noexcept { return keeps_product() ? product_.data() : output; }
  void forward(const GraphPass& pass, float* output);
  /// Returns the gradient of the product, which may overwrite that of the output or of the logits.
  [[nodiscard]] float* backward(const GraphPass& pass, const LayerGradients& g);

  /// As the functions of Layer. The logits are the product.
  [[nodiscard]] const Activation* last_activation() const {
    return layer_ == nullptr ? &function_ : layer_->last_activation();
  }
  bool keep_logits();
  [[nodiscard]] const float* logits() const { return product_.data(); }

  /// A name or a layer, as Keras writes it.
  [[nodiscard]] nlohmann::json json() const;

 private:
  [[nodiscard]] bool keeps_product() const noexcept {
    return layer_ != nullptr || keeps_logits_ || function_.needs == ActivationNeeds::Input;
  }
  /// Whether the product's gradient has its own buffer.
  [[nodiscard]] bool keeps_gradient() const noexcept { return layer_ != nullptr || !function_.keeps_width(); }

  std::unique_ptr<Layer> layer_;  ///< null for a function
  const Activation& function_;    ///< linear if there is a layer
  bool keeps_logits_ = false;
  std::int64_t width_ = 0;
  std::int64_t rows_per_sample_ = 0;
  FloatBuffer product_;
  FloatBuffer product_gradient_;
};

}  // namespace kairos::host
