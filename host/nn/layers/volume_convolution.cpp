// SPDX-License-Identifier: MIT
// Conv3D: a convolution over volumes.
#include <nlohmann/json.hpp>
#include <optional>

#include "compute/convolution.hpp"
#include "nn/layers/activated_product.hpp"
#include "nn/layers/volume_config.hpp"

namespace kairos::host {

namespace {

/// Always in float32.
class VolumeConvolutionLayer final : public ActivatedProduct {
 public:
  explicit VolumeConvolutionLayer(ConfigReader& config)
      : ActivatedProduct(config, "Conv3D", "kernel", config.boolean("use_bias", true)),
        filters_(config.required_integer("filters", {1, 2147483647})),
        groups_(config.optional_integer("groups", {1, 2147483647}).value_or(1)) {
    const auto size = read_volume_sizes(config, "kernel_size");
    if (!size) config.bad_value("kernel_size", "a positive integer, or a list of 3");
    constexpr VolumeSizes ones{1, 1, 1};
    window_.size = *size;
    window_.stride = read_volume_sizes(config, "strides").value_or(ones);
    window_.dilation = read_volume_sizes(config, "dilation_rate").value_or(ones);
    window_.padding = read_padding(config);
    if (window_.stride != ones && window_.dilation != ones)
      config.bad_value("dilation_rate", "1 where strides are not 1, as in Keras");
    if (filters_ % groups_ != 0) config.bad_value("groups", "a divisor of filters");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    if (shape.size() != 4) refuse_shape(shape, std::string("samples of ") + sample_noun(3));
    if (shape.back() % groups_ != 0)
      refuse_shape(shape, "channels in " + std::to_string(groups_) + " equal groups");
    const std::optional<VolumeWindow> window = place_volume(window_, shape);
    if (!window) refuse_shape(shape, "at least the size of the kernel");
    product_.emplace(context.engine, VolumeConvolutionShape{*window, shape.back(), filters_, groups_});
    const VolumeSizes& size = window_.size;
    return build_weights({size[0], size[1], size[2], shape.back() / groups_, filters_}, {filters_},
                         volume_output(*window, filters_), context);
  }

 private:
  void multiply(std::int64_t batch, const float* x, const float* kernel, const float* bias,
                float* y) override {
    product_->forward(batch, x, kernel, bias, y);
  }
  void backward_weights(std::int64_t batch, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient) override {
    product_->backward_weights(batch, x, y_gradient, kernel_gradient, bias_gradient);
  }
  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                     float* x_gradient) override {
    product_->backward_data(batch, y_gradient, kernel, x_gradient);
  }

  void write_config(nlohmann::json& config) const override {
    ActivatedProduct::write_config(config);
    config["filters"] = filters_;
    config["kernel_size"] = window_.size;
    config["strides"] = window_.stride;
    config["dilation_rate"] = window_.dilation;
    config["padding"] = padding_name(window_.padding);
    config["data_format"] = "channels_last";
    config["groups"] = groups_;
    config["use_bias"] = use_bias();
  }

  VolumeArguments window_;
  std::int64_t filters_;
  std::int64_t groups_;
  std::optional<VolumeConvolution> product_;
};

}  // namespace

LayerType conv3d_layer_type() {
  return {"Conv3D",
          "conv3d",
          {"filters", "kernel_size", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<VolumeConvolutionLayer>(config);
          }};
}

}  // namespace kairos::host
