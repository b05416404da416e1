// SPDX-License-Identifier: MIT
// Masking: masks timesteps whose values are all equal to mask_value.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

/// As in Keras, masked timesteps of the output are 0.
class MaskingLayer final : public Layer {
 public:
  explicit MaskingLayer(ConfigReader& config)
      : Layer(config, "Masking"), value_(config.number("mask_value", 0, {-3e38, 3e38})) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    if (shape.size() != 2) refuse_shape(shape, "(timesteps, features)");
    steps_ = shape[0];
    width_ = shape[1];
    return shape;
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Make; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const auto masked = static_cast<float>(value_);
    const float* x = v.inputs.front();
    float* y = v.output;
    for (std::int64_t i = 0; i < pass.batch * steps_; ++i, x += width_, y += width_) {
      const bool counts = std::any_of(x, x + width_, [masked](float one) { return one != masked; });
      v.output_mask[i] = counts ? 1.0F : 0.0F;
      if (counts)
        std::copy_n(x, width_, y);
      else
        std::fill_n(y, width_, 0.0F);
    }
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* into = g.input_gradients.front();
    if (into == nullptr) return;
    const auto masked = static_cast<float>(value_);
    const float* x = g.inputs.front();
    const float* from = g.output_gradient;
    for (std::int64_t i = 0; i < pass.batch * steps_; ++i, x += width_, from += width_, into += width_) {
      if (std::any_of(x, x + width_, [masked](float one) { return one != masked; }))
        std::copy_n(from, width_, into);
      else
        std::fill_n(into, width_, 0.0F);
    }
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["mask_value"] = value_; }

 private:
  double value_;
  std::int64_t steps_ = 0;
  std::int64_t width_ = 0;
};

}  // namespace

LayerType masking_layer_type() {
  return {"Masking", "masking", {"mask_value"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<MaskingLayer>(config);
          }};
}

}  // namespace kairos::host
