// SPDX-License-Identifier: MIT
// DepthwiseConv1D and DepthwiseConv2D: each channel has its own `depth_multiplier` kernels.
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/layers/activated_convolution.hpp"

namespace kairos::host {

namespace {

/// A convolution with one group per channel: Keras' kernel [rows, columns, channels, multiplier] and its
/// order of output channels are those of a grouped convolution.
class DepthwiseConvolutionLayer final : public ActivatedConvolution {
 public:
  DepthwiseConvolutionLayer(ConfigReader& config, std::string class_name, Rank rank)
      : ActivatedConvolution(config, std::move(class_name), rank, {Padding::Valid, Padding::Same},
                             "depthwise"),
        multiplier_(config.optional_integer("depth_multiplier", {1, 1 << 20}).value_or(1)) {}

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    require_rank(shape);
    Shape kernel = kernel_sizes();
    kernel.insert(kernel.end(), {shape.back(), multiplier_});
    return build_product(shape, kernel, shape.back() * multiplier_, shape.back(), context);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    ActivatedConvolution::write_config(config);
    config["depth_multiplier"] = multiplier_;
  }

 private:
  std::int64_t multiplier_;
};

}  // namespace

LayerType depthwise_conv1d_layer_type() {
  return {"DepthwiseConv1D",
          "dwconv1d",
          {"kernel_size", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<DepthwiseConvolutionLayer>(config, "DepthwiseConv1D", Rank::One);
          }};
}

LayerType depthwise_conv2d_layer_type() {
  return {"DepthwiseConv2D",
          "dwconv2d",
          {"kernel_size", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<DepthwiseConvolutionLayer>(config, "DepthwiseConv2D", Rank::Two);
          }};
}

}  // namespace kairos::host
