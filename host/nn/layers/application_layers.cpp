// SPDX-License-Identifier: MIT
// Layers that exist only inside of keras.applications: StochasticDepth of ConvNeXt, and CustomScaleLayer of
// InceptionResNetV2.
#include "nn/layers/application_layers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/random.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

namespace {

constexpr NumberRange any_float{-3e38, 3e38};

/// In training, drops whole samples and scales the others by 1 / (1 - rate).
class StochasticDepthLayer final : public Layer {
 public:
  explicit StochasticDepthLayer(ConfigReader& config)
      : Layer(config, "StochasticDepth"), rate_(config.required_number("drop_path_rate", {0, 1})) {}

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    key_ = context.key;
    size_ = size_of(inputs.front());
    return inputs.front();
  }
  void reserve(std::int64_t batch) override { factors_.reserve(batch); }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    if (pass.mode == Mode::Train && rate_ > 0)
      draw_dropout_factors(joined_key(key_, pass.batch_number), rate_, pass.batch, factors_.data());
    multiply(pass, v.inputs.front(), v.output);
  }
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients.front() != nullptr) multiply(pass, g.output_gradient, g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["drop_path_rate"] = rate_; }

 private:
  void multiply(const GraphPass& pass, const float* from, float* to) const {
    const bool drops = pass.mode == Mode::Train && rate_ > 0;
    for (std::int64_t i = 0; i < pass.batch * size_; ++i)
      to[i] = drops ? from[i] * factors_.data()[i / size_] : from[i];
  }

  double rate_;
  std::uint64_t key_ = 0;
  std::int64_t size_ = 0;
  FloatBuffer factors_;
};

/// The first input plus the second, scaled.
class CustomScaleLayer final : public Layer {
 public:
  explicit CustomScaleLayer(ConfigReader& config)
      : Layer(config, "CustomScaleLayer"), scale_(config.required_number("scale", any_float)) {}

  [[nodiscard]] bool takes_several_inputs() const override { return true; }
  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    if (inputs.size() != 2 || inputs[0] != inputs[1])
      refuse_shape(inputs.back(), "two inputs of the same shape");
    size_ = size_of(inputs.front());
    return inputs.front();
  }
  void forward(const GraphPass& pass, const LayerValues& v) override {
    const auto scale = static_cast<float>(scale_);
    for (std::int64_t i = 0; i < pass.batch * size_; ++i)
      v.output[i] = v.inputs[0][i] + v.inputs[1][i] * scale;
  }
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const auto scale = static_cast<float>(scale_);
    const std::int64_t n = pass.batch * size_;
    if (g.input_gradients[0] != nullptr) std::copy_n(g.output_gradient, n, g.input_gradients[0]);
    if (g.input_gradients[1] != nullptr)
      for (std::int64_t i = 0; i < n; ++i) g.input_gradients[1][i] = g.output_gradient[i] * scale;
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["scale"] = scale_; }

 private:
  double scale_;
  std::int64_t size_ = 0;
};

template <typename Made>
std::unique_ptr<Layer> make_layer(ConfigReader& config) {
  return std::make_unique<Made>(config);
}

}  // namespace

std::vector<LayerType> application_layer_types() {
  return {{"StochasticDepth", "stochasticdepth", {"drop_path_rate"}, make_layer<StochasticDepthLayer>},
          {"CustomScaleLayer", "customscalelayer", {"scale"}, make_layer<CustomScaleLayer>}};
}

std::string_view application_module(std::string_view class_name) {
  if (class_name == "CustomScaleLayer") return "keras.src.applications.inception_resnet_v2";
  return class_name == "LayerScale" || class_name == "StochasticDepth" ? "keras.src.applications.convnext"
                                                                       : "";
}

}  // namespace kairos::host
