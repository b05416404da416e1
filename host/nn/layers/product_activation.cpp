// SPDX-License-Identifier: MIT
// Applies an activation in place where that leaves enough for its gradient.
#include "nn/layers/product_activation.hpp"

#include "nn/layers/layer_types.hpp"

namespace kairos::host {

ProductActivation::ProductActivation(ConfigReader& config)
    : function_(read_activation(config, "activation")) {}

std::int64_t ProductActivation::build(const Layer& layer, std::int64_t width) {
  width_ = width;
  return activated_width(layer, function_, width);
}

void ProductActivation::reserve(std::int64_t rows) {
  if (keeps_product()) product_.reserve(rows * width_);
  if (!function_.keeps_width()) product_gradient_.reserve(rows * width_);
}

void ProductActivation::forward(std::int64_t rows, float* output) {
  // Not as a post-op of the product: oneDNN's relu turns NaN into 0 and would hide that a run has broken.
  if (function_.name != "linear") function_.forward(rows, width_, product(output), output);
}

float* ProductActivation::backward(std::int64_t rows, const float* output, float* output_gradient) {
  if (function_.name == "linear") return output_gradient;
  float* const gradient = function_.keeps_width() ? output_gradient : product_gradient_.data();
  function_.backward(rows, width_, keeps_product() ? product_.data() : output, output_gradient, gradient);
  return gradient;
}

}  // namespace kairos::host
