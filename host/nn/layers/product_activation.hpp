// SPDX-License-Identifier: MIT
// The activation at the end of a layer that multiplies, and what must be kept of the product for its
// gradient.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "compute/activation.hpp"
#include "compute/buffer.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// A function by its name or, as in Dense(4, activation=LeakyReLU(0.1)), a layer in its place.
class ProductActivation {
 public:
  /// Reads "activation". Throws Error(Model).
  explicit ProductActivation(ConfigReader& config);

  /// What comes out of a product of that shape. Throws Error(Model) for a width it cannot take.
  Shape build(const Layer& around, Shape product, const BuildContext& context);
  void reserve(std::int64_t batch);
  /// Where the product goes, for `forward` to make `output` of it.
  [[nodiscard]] float* product(float* output) noexcept { return keeps_product() ? product_.data() : output; }
  void forward(const GraphPass& pass, float* output);
  /// The gradient of the product, which may be in place of that of the output or the logits.
  [[nodiscard]] float* backward(const GraphPass& pass, const LayerGradients& g);

  /// As the functions of a layer. The logits are the product.
  [[nodiscard]] const Activation* last_activation() const {
    return layer_ == nullptr ? &function_ : layer_->last_activation();
  }
  bool keep_logits();
  [[nodiscard]] const float* logits() const { return product_.data(); }

  /// As Keras writes it: the name, or the layer.
  [[nodiscard]] nlohmann::json json() const;

 private:
  [[nodiscard]] bool keeps_product() const noexcept {
    return layer_ != nullptr || keeps_logits_ || function_.needs == ActivationNeeds::Input;
  }
  /// A gradient of its own for the product.
  [[nodiscard]] bool keeps_gradient() const noexcept { return layer_ != nullptr || !function_.keeps_width(); }

  std::unique_ptr<Layer> layer_;  ///< or null
  const Activation& function_;    ///< linear where there is a layer
  bool keeps_logits_ = false;
  std::int64_t width_ = 0;
  std::int64_t rows_per_sample_ = 0;
  FloatBuffer product_;
  FloatBuffer product_gradient_;
};

}  // namespace kairos::host
