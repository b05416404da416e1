// SPDX-License-Identifier: MIT
// Flatten: reshapes each sample to one row.
#include <nlohmann/json.hpp>

#include "nn/layers/copying_layer.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class FlattenLayer final : public CopyingLayer {
 public:
  explicit FlattenLayer(ConfigReader& config) : CopyingLayer(config, "Flatten") {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    size_ = size_of(inputs.front());
    return {size_};
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["data_format"] = "channels_last"; }
};

}  // namespace

LayerType flatten_layer_type() {
  return {"Flatten", "flatten", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<FlattenLayer>(config);
          }};
}

}  // namespace kairos::host
