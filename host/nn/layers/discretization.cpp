// SPDX-License-Identifier: MIT
// Discretization: the number of the bin that a value is in, possibly encoded.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "nn/layers/category_code.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class DiscretizationLayer final : public CategoryLayer {
 public:
  explicit DiscretizationLayer(ConfigReader& config)
      : CategoryLayer(config, "Discretization"),
        bins_(config.optional_integer("num_bins", {1, 2147483647})),
        epsilon_(config.number("epsilon", 0.01, {0, 1})),
        code_(config,
              {CategoryCode::Kind::Index, CategoryCode::Kind::OneHot, CategoryCode::Kind::MultiHot,
               CategoryCode::Kind::Count},
              CategoryCode::Kind::Index) {
    config.unsupported("sparse", false, "Remove it from the layer");
    const nlohmann::json* const value = config.take("bin_boundaries");
    const char* const expected = "a list of numbers in ascending order";
    if (value == nullptr && bins_)
      config.bad_value("bin_boundaries", expected, "Adapt the layer in Keras and save the model again");
    if (value == nullptr || !value->is_array()) config.bad_value("bin_boundaries", expected);
    for (const nlohmann::json& bound : *value) {
      if (!bound.is_number() || bound < -3e38 || bound > 3e38) config.bad_value("bin_boundaries", expected);
      boundaries_.push_back(bound.get<float>());
    }
    if (!std::is_sorted(boundaries_.begin(), boundaries_.end())) config.bad_value("bin_boundaries", expected);
    json_ = *value;
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    if (!code_.supports(inputs.front())) refuse_shape(inputs.front(), "(values)");
    size_ = size_of(inputs.front());
    return code_.build(inputs.front(), std::ssize(boundaries_) + 1);
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const float* const x = v.inputs.front();
    code_.encode(
        pass.batch,
        [&](std::int64_t i) {
          return std::upper_bound(boundaries_.begin(), boundaries_.end(), x[i]) - boundaries_.begin();
        },
        v.output);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config.erase("trainable");  // Keras' layer does not accept it
    config["dtype"] = "float32";
    config["bin_boundaries"] = json_;
    config["num_bins"] = bins_ ? nlohmann::json(*bins_) : nlohmann::json(nullptr);
    config["epsilon"] = epsilon_;
    config["output_mode"] = code_.name();
    config["sparse"] = false;
  }

 private:
  std::optional<std::int64_t> bins_;
  double epsilon_;
  CategoryCode code_;
  std::vector<float> boundaries_;
  nlohmann::json json_;  ///< the boundaries as they were read
};

}  // namespace

LayerType discretization_layer_type() {
  return {"Discretization",
          "discretization",
          {"bin_boundaries"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<DiscretizationLayer>(config);
          }};
}

}  // namespace kairos::host
