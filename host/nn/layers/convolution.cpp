// SPDX-License-Identifier: MIT
// Conv1D and Conv2D: activation(input * kernel + bias), channels last.
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/convolution.hpp"
#include "compute/random.hpp"
#include "nn/initializer.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

class ConvolutionLayer final : public Layer {
 public:
  ConvolutionLayer(ConfigReader& config, std::string class_name, Rank rank)
      : Layer(config, std::move(class_name)),
        rank_(rank),
        filters_(config.required_integer("filters", {1, 2147483647})),
        padding_(read_padding(config)),
        groups_(config.optional_integer("groups", {1, 2147483647}).value_or(1)),
        activation_(read_activation(config, "activation")),
        use_bias_(config.boolean("use_bias", true)),
        kernel_initializer_(read_initializer(config, "kernel_initializer", "glorot_uniform")),
        bias_initializer_(read_initializer(config, "bias_initializer", "zeros")),
        kernel_regularizer_(read_regularizer(config, "kernel_regularizer")),
        bias_regularizer_(read_regularizer(config, "bias_regularizer")) {
    const auto size = read_sizes(config, "kernel_size", rank);
    if (!size) config.bad_value("kernel_size", "a positive integer, or a list of one for each dimension");
    window_.size = *size;
    window_.stride = read_sizes(config, "strides", rank).value_or(Window::Pair{1, 1});
    window_.dilation = read_sizes(config, "dilation_rate", rank).value_or(Window::Pair{1, 1});
    constexpr Window::Pair ones{1, 1};
    if (window_.stride != ones && window_.dilation != ones)
      config.bad_value("dilation_rate", "1 where strides are not 1, as in Keras");
    if (filters_ % groups_ != 0) config.bad_value("groups", "a divisor of filters");
    require_channels_last(config);
    for (const char* key : {"activity_regularizer", "kernel_constraint", "bias_constraint"})
      config.unsupported(key, nullptr, "Remove it from the layer");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    if (shape.size() != static_cast<std::size_t>(rank_) + 1)
      refuse_shape(shape, std::string("samples of ") + sample_noun(rank_));
    const std::int64_t channels = shape.back();
    if (channels % groups_ != 0)
      refuse_shape(shape, "channels in " + std::to_string(groups_) + " equal groups");
    if (!place_window(window_, padding_, rank_, shape))
      refuse_shape(shape, "at least the size of the kernel");
    check_activation_width(*this, activation_, filters_);
    Parameter& kernel = add_parameter("kernel", kernel_shape(channels / groups_));
    kernel.regularizer = kernel_regularizer_;
    kernel_initializer_.fill(kernel.shape, joined_key(context.key, 0), kernel.values.data());
    if (use_bias_) {
      Parameter& bias = add_parameter("bias", {filters_});
      bias.regularizer = bias_regularizer_;
      bias_initializer_.fill(bias.shape, joined_key(context.key, 1), bias.values.data());
    }
    product_.emplace(context.engine, ConvolutionShape{window_, channels, filters_, groups_});
    rows_per_sample_ = window_.output[0] * window_.output[1];
    return window_output(window_, rank_, filters_);
  }

  void reserve(std::int64_t batch) override {
    if (activation_.needs == ActivationNeeds::Input)
      before_activation_.reserve(batch * rows_per_sample_ * filters_);
  }

  void forward(const Pass& pass, const LayerValues& v) override {
    float* const sum = activation_.needs == ActivationNeeds::Input ? before_activation_.data() : v.output;
    product_->forward(pass.batch, v.inputs.front(), parameters()[0].values.data(),
                      use_bias_ ? parameters()[1].values.data() : nullptr, sum);
    if (activation_.name != "linear")
      activation_.forward(pass.batch * rows_per_sample_, filters_, sum, v.output);
  }

  void backward(const Pass& pass, const LayerGradients& g) override {
    const float* kept = activation_.needs == ActivationNeeds::Input ? before_activation_.data() : g.output;
    if (activation_.name != "linear")
      activation_.backward(pass.batch * rows_per_sample_, filters_, kept, g.output_gradient,
                           g.output_gradient);
    if (trainable())
      product_->backward_weights(pass.batch, g.inputs.front(), g.output_gradient,
                                 parameters()[0].gradient.data(),
                                 use_bias_ ? parameters()[1].gradient.data() : nullptr);
    if (g.input_gradients.front() != nullptr)
      product_->backward_data(pass.batch, g.output_gradient, parameters()[0].values.data(),
                              g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["filters"] = filters_;
    config["kernel_size"] = sizes_json(window_.size, rank_);
    config["strides"] = sizes_json(window_.stride, rank_);
    config["padding"] = padding_name(padding_);
    config["data_format"] = "channels_last";
    config["dilation_rate"] = sizes_json(window_.dilation, rank_);
    config["groups"] = groups_;
    config["activation"] = activation_.name;
    config["use_bias"] = use_bias_;
    config["kernel_initializer"] = kernel_initializer_.json();
    config["bias_initializer"] = bias_initializer_.json();
    config["kernel_regularizer"] = regularizer_json(kernel_regularizer_);
    config["bias_regularizer"] = regularizer_json(bias_regularizer_);
    for (const char* key : {"activity_regularizer", "kernel_constraint", "bias_constraint"})
      config[key] = nullptr;
  }

 private:
  [[nodiscard]] Shape kernel_shape(std::int64_t channels) const {
    if (rank_ == Rank::One) return {window_.size[1], channels, filters_};
    return {window_.size[0], window_.size[1], channels, filters_};
  }

  Rank rank_;
  std::int64_t filters_;
  Padding padding_;
  std::int64_t groups_;
  const Activation& activation_;
  bool use_bias_;
  Initializer kernel_initializer_;
  Initializer bias_initializer_;
  Regularizer kernel_regularizer_;
  Regularizer bias_regularizer_;
  Window window_;

  std::int64_t rows_per_sample_ = 0;
  std::optional<ConvolutionKernel> product_;
  FloatBuffer before_activation_;
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
