// SPDX-License-Identifier: MIT
// ActivityRegularization: adds a penalty on its unchanged input to the loss.
#include <nlohmann/json.hpp>

#include "nn/layers/copying_layer.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class ActivityRegularizationLayer final : public CopyingLayer {
 public:
  explicit ActivityRegularizationLayer(ConfigReader& config)
      : CopyingLayer(config, "ActivityRegularization") {
    config.unsupported("activity_regularizer", nullptr, "Use l1 and l2");
    regularize_activity({config.number("l1", 0, {0, 1e30}), config.number("l2", 0, {0, 1e30})});
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    size_ = size_of(inputs.front());
    return inputs.front();
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

 protected:
  void write_config(nlohmann::json& config) const override {
    config.erase("activity_regularizer");  // written as l1 and l2
    config["l1"] = activity_regularizer().l1;
    config["l2"] = activity_regularizer().l2;
  }
};

}  // namespace

LayerType activity_regularization_layer_type() {
  return {"ActivityRegularization",
          "activityreg",
          {"l1", "l2"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ActivityRegularizationLayer>(config);
          }};
}

}  // namespace kairos::host
