// SPDX-License-Identifier: MIT
// GroupNormalization: normalizes each sample to mean 0 and variance 1 over the positions and channels of each
// group of channels.
#include <nlohmann/json.hpp>
#include <optional>

#include "compute/group_normalization.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/normalizing_layer.hpp"

namespace kairos::host {

namespace {

class GroupNormalizationLayer final : public NormalizingLayer {
 public:
  explicit GroupNormalizationLayer(ConfigReader& config)
      : NormalizingLayer(config, "GroupNormalization"),
        groups_(config.optional_integer("groups", {-1, 2147483647}).value_or(32)) {
    if (groups_ == 0)
      config.bad_value("groups", "a divisor of the channels, or -1 for one group per channel");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    if (axes().count(*this, shape) != 1) refuse_shape(shape, "an axis of one dimension");
    const std::int64_t channels = shape.back(), groups = groups_ < 0 ? channels : groups_;
    if (channels % groups != 0)
      refuse_shape(shape, "channels in " + std::to_string(groups) + " equal groups");
    normalizer_.emplace(size_of(shape) / channels, channels, groups, epsilon());
    add_weights({channels}, context);
    return shape;
  }

  void reserve(std::int64_t batch) override { normalizer_->reserve(batch); }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    normalizer_->forward(pass.batch, v.inputs.front(), weights(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    normalizer_->backward(pass.batch, g.inputs.front(), weights(), g.output_gradient,
                          gradients(g.input_gradients.front()));
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    NormalizingLayer::write_config(config);
    config["groups"] = groups_;
  }

 private:
  std::int64_t groups_;
  std::optional<GroupNormalizer> normalizer_;
};

}  // namespace

LayerType group_normalization_layer_type() {
  return {"GroupNormalization", "groupnorm", {"groups"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GroupNormalizationLayer>(config);
          }};
}

}  // namespace kairos::host
