// SPDX-License-Identifier: MIT
// Flatten: the same values as one row per sample.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class FlattenLayer final : public Layer {
 public:
  explicit FlattenLayer(ConfigReader& config) : Layer(config, "Flatten") {
    config.unsupported("data_format", "channels_last", "Move the channels to the last dimension");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    size_ = size_of(inputs.front());
    return {size_};
  }

  void forward(const Pass& pass, const LayerValues& v) override {
    std::copy_n(v.inputs.front(), pass.batch * size_, v.output);
  }

  void backward(const Pass& pass, const LayerGradients& g) override {
    if (g.input_gradients.front() != nullptr)
      std::copy_n(g.output_gradient, pass.batch * size_, g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["data_format"] = "channels_last"; }

 private:
  std::int64_t size_ = 0;
};

}  // namespace

LayerType flatten_layer_type() {
  return {"Flatten", "flatten", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<FlattenLayer>(config);
          }};
}

}  // namespace kairos::host
