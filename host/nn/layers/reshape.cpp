// SPDX-License-Identifier: MIT
// Reshape: changes the shape of each sample.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "kairos/host/array.hpp"
#include "nn/layers/copying_layer.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class ReshapeLayer final : public CopyingLayer {
 public:
  explicit ReshapeLayer(ConfigReader& config) : CopyingLayer(config, "Reshape") {
    constexpr std::int64_t largest = 2147483647;
    const nlohmann::json* value = config.take("target_shape");
    const char* const expected = "a list of positive integers, with at most one -1 for the remaining size";
    if (value == nullptr || !value->is_array() || value->empty()) config.bad_value("target_shape", expected);
    for (const nlohmann::json& dimension : *value) {
      if (!dimension.is_number_integer() || dimension < -1 || dimension == 0 || dimension > largest)
        config.bad_value("target_shape", expected);
      target_.push_back(dimension.get<std::int64_t>());
    }
    if (std::count(target_.begin(), target_.end(), -1) > 1) config.bad_value("target_shape", expected);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    size_ = size_of(inputs.front());
    // Divides, because a product of dimensions could overflow.
    std::int64_t left = size_;
    bool fits = true;
    for (const std::int64_t dimension : target_) {
      if (dimension < 0) continue;
      fits = fits && left % dimension == 0;
      left /= dimension;
    }
    Shape shape = target_;
    if (const auto open = std::find(shape.begin(), shape.end(), -1); open != shape.end())
      *open = left;
    else
      fits = fits && left == 1;
    if (!fits)
      refuse_shape(inputs.front(), "as many values as target_shape " + shape_text(target_) + " holds");
    return shape;
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["target_shape"] = target_; }

 private:
  Shape target_;
};

}  // namespace

LayerType reshape_layer_type() {
  return {"Reshape", "reshape", {"target_shape"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ReshapeLayer>(config);
          }};
}

}  // namespace kairos::host
