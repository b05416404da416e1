// SPDX-License-Identifier: MIT
// SeparableConv1D and SeparableConv2D: a depthwise convolution, then a product over its channels.
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/convolution.hpp"
#include "compute/dense.hpp"
#include "compute/random.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/product_activation.hpp"
#include "nn/layers/window_config.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

namespace {

/// The parameters are a depthwise kernel [rows, columns, channels, multiplier], a pointwise kernel [1, 1,
/// channels · multiplier, filters] and, if used, a bias.
class SeparableConvolutionLayer final : public Layer {
 public:
  SeparableConvolutionLayer(ConfigReader& config, std::string class_name, Rank rank)
      : Layer(config, std::move(class_name)),
        rank_(rank),
        padding_(read_padding(config)),
        window_(read_window(config, rank)),
        filters_(config.required_integer("filters", {1, 2147483647})),
        multiplier_(config.optional_integer("depth_multiplier", {1, 1 << 20}).value_or(1)),
        activation_(config),
        use_bias_(config.boolean("use_bias", true)),
        depthwise_options_(config, "depthwise", "glorot_uniform"),
        pointwise_options_(config, "pointwise", "glorot_uniform"),
        bias_options_(config, "bias", "zeros") {}

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    if (shape.size() != static_cast<std::size_t>(rank_) + 1)
      refuse_shape(shape, std::string("samples of ") + sample_noun(rank_));
    if (!place_window(window_, padding_, rank_, shape))
      refuse_shape(shape, "at least the size of the kernel");
    const std::int64_t channels = shape.back();
    middle_ = channels * multiplier_;
    rows_per_sample_ = window_.output[0] * window_.output[1];
    Shape depthwise{window_.size[1], channels, multiplier_}, pointwise{1, middle_, filters_};
    if (rank_ == Rank::Two) {
      depthwise.insert(depthwise.begin(), window_.size[0]);
      pointwise.insert(pointwise.begin(), 1);
    }
    depthwise_options_.apply(add_parameter("depthwise_kernel", depthwise), joined_key(context.key, 0));
    pointwise_options_.apply(add_parameter("pointwise_kernel", pointwise), joined_key(context.key, 1));
    if (use_bias_) bias_options_.apply(add_parameter("bias", {filters_}), joined_key(context.key, 2));
    depthwise_.emplace(context.engine, ConvolutionShape{window_, channels, middle_, channels});
    pointwise_.emplace(context.engine, middle_, filters_,
                       context.precision == Precision::Bf16 ? DensePath::Bf16 : DensePath::Auto);
    return activation_.build(*this, window_output(window_, rank_, filters_), context);
  }

  void reserve(std::int64_t batch) override {
    activation_.reserve(batch);
    between_.reserve(batch * rows_per_sample_ * middle_);
    between_gradient_.reserve(batch * rows_per_sample_ * middle_);
  }

  [[nodiscard]] const Activation* last_activation() const override { return activation_.last_activation(); }
  bool keep_logits() override { return activation_.keep_logits(); }
  [[nodiscard]] const float* logits(std::span<const float* const>) const override {
    return activation_.logits();
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    depthwise_->forward(pass.batch, v.inputs.front(), parameters()[0].values.data(), nullptr,
                        between_.data());
    pointwise_->forward(pass.batch * rows_per_sample_, between_.data(), parameters()[1].values.data(),
                        use_bias_ ? parameters()[2].values.data() : nullptr, activation_.product(v.output));
    activation_.forward(pass, v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const gradient = activation_.backward(pass, g);
    const std::int64_t rows = pass.batch * rows_per_sample_;
    if (trainable())
      pointwise_->backward_weights(rows, between_.data(), gradient, parameters()[1].gradient.data(),
                                   use_bias_ ? parameters()[2].gradient.data() : nullptr);
    pointwise_->backward_data(rows, gradient, parameters()[1].values.data(), between_gradient_.data());
    if (trainable())
      depthwise_->backward_weights(pass.batch, g.inputs.front(), between_gradient_.data(),
                                   parameters()[0].gradient.data(), nullptr);
    if (g.input_gradients.front() != nullptr)
      depthwise_->backward_data(pass.batch, between_gradient_.data(), parameters()[0].values.data(),
                                g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    write_window(window_, rank_, config);
    config["filters"] = filters_;
    config["depth_multiplier"] = multiplier_;
    config["padding"] = padding_name(padding_);
    config["activation"] = activation_.json();
    config["use_bias"] = use_bias_;
    depthwise_options_.write(config);
    pointwise_options_.write(config);
    bias_options_.write(config);
    config["activity_regularizer"] = regularizer_json(activity_regularizer());
  }

 private:
  Rank rank_;
  Padding padding_;
  Window window_;
  std::int64_t filters_;
  std::int64_t multiplier_;
  ProductActivation activation_;
  bool use_bias_;
  WeightOptions depthwise_options_, pointwise_options_, bias_options_;

  std::int64_t middle_ = 0;  ///< channels between the two products
  std::int64_t rows_per_sample_ = 0;
  FloatBuffer between_, between_gradient_;
  std::optional<ConvolutionKernel> depthwise_;
  std::optional<DenseKernel> pointwise_;
};

}  // namespace

LayerType separable_conv1d_layer_type() {
  return {"SeparableConv1D",
          "sepconv1d",
          {"filters", "kernel_size", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<SeparableConvolutionLayer>(config, "SeparableConv1D", Rank::One);
          }};
}

LayerType separable_conv2d_layer_type() {
  return {"SeparableConv2D",
          "sepconv2d",
          {"filters", "kernel_size", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<SeparableConvolutionLayer>(config, "SeparableConv2D", Rank::Two);
          }};
}

}  // namespace kairos::host
