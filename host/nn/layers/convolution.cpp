// SPDX-License-Identifier: MIT
// Conv1D and Conv2D: each filter uses all channels, or those of its group.
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/layers/activated_convolution.hpp"

namespace kairos::host {

namespace {

std::vector<Padding> paddings(Rank rank) {
  if (rank == Rank::One) return {Padding::Valid, Padding::Same, Padding::Causal};
  return {Padding::Valid, Padding::Same};
}

class ConvolutionLayer final : public ActivatedConvolution {
 public:
  ConvolutionLayer(ConfigReader& config, std::string class_name, Rank rank)
      : ActivatedConvolution(config, std::move(class_name), rank, paddings(rank), "kernel"),
        filters_(config.required_integer("filters", {1, 2147483647})),
        groups_(config.optional_integer("groups", {1, 2147483647}).value_or(1)) {
    if (filters_ % groups_ != 0) config.bad_value("groups", "a divisor of filters");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    require_rank(shape);
    if (shape.back() % groups_ != 0)
      refuse_shape(shape, "channels in " + std::to_string(groups_) + " equal groups");
    Shape kernel = kernel_sizes();
    kernel.insert(kernel.end(), {shape.back() / groups_, filters_});
    return build_product(shape, kernel, filters_, groups_, context);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    ActivatedConvolution::write_config(config);
    config["filters"] = filters_;
    config["groups"] = groups_;
  }

 private:
  std::int64_t filters_;
  std::int64_t groups_;
};

}  // namespace

LayerType conv1d_layer_type() {
  return {"Conv1D",
          "conv1d",
          {"filters", "kernel_size", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ConvolutionLayer>(config, "Conv1D", Rank::One);
          }};
}

LayerType conv2d_layer_type() {
  return {"Conv2D",
          "conv2d",
          {"filters", "kernel_size", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ConvolutionLayer>(config, "Conv2D", Rank::Two);
          }};
}

}  // namespace kairos::host
