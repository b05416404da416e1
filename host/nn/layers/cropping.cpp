// SPDX-License-Identifier: MIT
// Cropping1D, Cropping2D and Cropping3D: take steps from the sides of samples.
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/layers/borders.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

class CroppingLayer final : public Layer {
 public:
  CroppingLayer(ConfigReader& config, std::string class_name, std::size_t dimensions)
      : Layer(config, std::move(class_name)),
        borders_(config, "cropping", dimensions, dimensions == 2 ? 0 : 1) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& input = inputs.front();
    if (input.size() != borders_.dimensions() + 1)
      refuse_shape(input, std::string("samples of ") + sample_noun(borders_.dimensions()));
    Shape output = input;
    for (std::size_t i = 0; i < borders_.dimensions(); ++i) {
      output[i] -= borders_.both(i);
      if (output[i] < 1) refuse_shape(input, "more steps than are cropped, in each dimension");
    }
    borders_.place(output, input);
    return output;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    borders_.crop(pass.batch, v.inputs.front(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients.front() != nullptr)
      borders_.pad(pass.batch, g.output_gradient, g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["cropping"] = borders_.json();
    if (borders_.dimensions() > 1) config["data_format"] = "channels_last";
  }

 private:
  Borders borders_;
};

}  // namespace

LayerType cropping1d_layer_type() {
  return {"Cropping1D", "crop1d", {"cropping"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<CroppingLayer>(config, "Cropping1D", 1);
          }};
}

LayerType cropping2d_layer_type() {
  return {"Cropping2D", "crop", {"cropping"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<CroppingLayer>(config, "Cropping2D", 2);
          }};
}

LayerType cropping3d_layer_type() {
  return {"Cropping3D", "crop3d", {"cropping"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<CroppingLayer>(config, "Cropping3D", 3);
          }};
}

}  // namespace kairos::host
