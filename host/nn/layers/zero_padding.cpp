// SPDX-License-Identifier: MIT
// ZeroPadding1D, ZeroPadding2D and ZeroPadding3D: put zeros around samples.
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/layers/borders.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

class ZeroPaddingLayer final : public Layer {
 public:
  ZeroPaddingLayer(ConfigReader& config, std::string class_name, std::size_t dimensions)
      : Layer(config, std::move(class_name)), borders_(config, "padding", dimensions, 1) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& input = inputs.front();
    if (input.size() != borders_.dimensions() + 1)
      refuse_shape(input, std::string("samples of ") + sample_noun(borders_.dimensions()));
    Shape output = input;
    for (std::size_t i = 0; i < borders_.dimensions(); ++i) output[i] += borders_.both(i);
    borders_.place(input, output);
    return output;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    borders_.pad(pass.batch, v.inputs.front(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients.front() != nullptr)
      borders_.crop(pass.batch, g.output_gradient, g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["padding"] = borders_.json();
    config["data_format"] = "channels_last";
  }

 private:
  Borders borders_;
};

}  // namespace

LayerType zero_padding1d_layer_type() {
  return {"ZeroPadding1D", "zeropad1d", {"padding"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ZeroPaddingLayer>(config, "ZeroPadding1D", 1);
          }};
}

LayerType zero_padding2d_layer_type() {
  return {"ZeroPadding2D", "zeropad", {"padding"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ZeroPaddingLayer>(config, "ZeroPadding2D", 2);
          }};
}

LayerType zero_padding3d_layer_type() {
  return {"ZeroPadding3D", "zeropad3d", {"padding"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ZeroPaddingLayer>(config, "ZeroPadding3D", 3);
          }};
}

}  // namespace kairos::host
