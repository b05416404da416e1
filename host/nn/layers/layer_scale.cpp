// SPDX-License-Identifier: MIT
// LayerScale of Keras' ConvNeXt: multiplies each channel by a weight (keras/src/applications/convnext.py).
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "compute/normalization.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class LayerScaleLayer final : public Layer {
 public:
  explicit LayerScaleLayer(ConfigReader& config)
      : Layer(config, "LayerScale"),
        first_(config.required_number("init_values", {-3e38, 3e38})),
        width_(config.required_integer("projection_dim", {1, 2147483647})) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    if (shape.empty() || shape.back() != width_)
      refuse_shape(shape, std::to_string(width_) + " channels, which is projection_dim");
    std::fill_n(add_parameter("gamma", {width_}).values.data(), width_, static_cast<float>(first_));
    rows_per_sample_ = size_of(shape) / width_;
    scaler_.emplace(width_, 0.0F);
    const std::vector<float> mean(static_cast<std::size_t>(width_), 0.0F);
    const std::vector<float> variance(static_cast<std::size_t>(width_), 1.0F);
    scaler_->use(mean.data(), variance.data());
    return shape;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    scaler_->forward(pass.batch * rows_per_sample_, v.inputs.front(), weights(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    scaler_->backward(
        pass.batch * rows_per_sample_, g.inputs.front(), weights(), g.output_gradient,
        {trainable() ? parameters()[0].gradient.data() : nullptr, nullptr, g.input_gradients.front()});
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["init_values"] = first_;
    config["projection_dim"] = width_;
  }

 private:
  [[nodiscard]] NormalizationWeights weights() { return {parameters()[0].values.data(), nullptr}; }

  double first_;
  std::int64_t width_;
  std::int64_t rows_per_sample_ = 0;
  std::optional<ColumnNormalizer> scaler_;  ///< with mean 0 and variance 1
};

}  // namespace

LayerType layer_scale_layer_type() {
  return {"LayerScale",
          "layerscale",
          {"init_values", "projection_dim"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<LayerScaleLayer>(config);
          }};
}

}  // namespace kairos::host
