// SPDX-License-Identifier: MIT
// Identity: passes its input on.
#include <nlohmann/json.hpp>

#include "nn/layers/copying_layer.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class IdentityLayer final : public CopyingLayer {
 public:
  explicit IdentityLayer(ConfigReader& config) : CopyingLayer(config, "Identity") {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    size_ = size_of(inputs.front());
    return inputs.front();
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

 protected:
  void write_config(nlohmann::json&) const override {}
};

}  // namespace

LayerType identity_layer_type() {
  return {"Identity", "identity", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<IdentityLayer>(config);
          }};
}

}  // namespace kairos::host
