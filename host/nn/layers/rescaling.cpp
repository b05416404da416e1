// SPDX-License-Identifier: MIT
// Rescaling: x · scale + offset, so that a model can read bytes such as pixels unchanged.
#include "nn/layers/layer_types.hpp"
#include "nn/layers/pointwise_layer.hpp"

namespace kairos::host {

namespace {

class Rescale {
 public:
  explicit Rescale(ConfigReader& config)
      : scale_(config.required_number("scale", {-3e38, 3e38})),
        offset_(config.number("offset", 0, {-3e38, 3e38})) {}

  [[nodiscard]] PointwiseFunction function() const {
    return {Function::Affine, {static_cast<float>(scale_), static_cast<float>(offset_)}};
  }
  [[nodiscard]] static bool slope_is_of_output() { return false; }
  void write(nlohmann::json& config) const {
    config["scale"] = scale_;
    config["offset"] = offset_;
  }

 private:
  double scale_, offset_;
};

}  // namespace

LayerType rescaling_layer_type() {
  return {"Rescaling", "rescaling", {"scale", "offset"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PointwiseLayer<Rescale>>(config, "Rescaling");
          }};
}

}  // namespace kairos::host
