// SPDX-License-Identifier: MIT
// The activation at the end of a layer that multiplies, and what must be kept of the product for its
// gradient.
#pragma once

#include <cstdint>
#include <string_view>

#include "compute/activation.hpp"
#include "compute/buffer.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

class ProductActivation {
 public:
  /// Reads "activation". Throws Error(Model).
  explicit ProductActivation(ConfigReader& config);

  [[nodiscard]] std::string_view name() const noexcept { return function_.name; }
  /// How wide a row of a product of that width comes out. Throws Error(Model) for a width it cannot take.
  std::int64_t build(const Layer& layer, std::int64_t width);
  void reserve(std::int64_t rows);
  /// Where the product goes, for `forward` to make `output` of it.
  [[nodiscard]] float* product(float* output) noexcept { return keeps_product() ? product_.data() : output; }
  void forward(std::int64_t rows, float* output);
  /// The gradient of the product, which may be in place of that of the output.
  [[nodiscard]] float* backward(std::int64_t rows, const float* output, float* output_gradient);

 private:
  [[nodiscard]] bool keeps_product() const noexcept { return function_.needs == ActivationNeeds::Input; }

  const Activation& function_;
  std::int64_t width_ = 0;
  FloatBuffer product_;           ///< where the gradient needs it
  FloatBuffer product_gradient_;  ///< where it is wider than that of the output
};

}  // namespace kairos::host
