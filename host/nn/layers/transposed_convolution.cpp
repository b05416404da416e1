// SPDX-License-Identifier: MIT
// Conv1DTranspose and Conv2DTranspose: the gradient of a convolution by its input, as a layer.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/convolution.hpp"
#include "nn/layers/activated_product.hpp"
#include "nn/layers/row_bias.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

/// The convolution goes from the layer's output to its input, so Keras' kernel [rows, columns, filters,
/// channels] is that of the convolution. Sizes are those of keras/src/ops/operation_utils.py.
class TransposedConvolutionLayer final : public ActivatedProduct {
 public:
  TransposedConvolutionLayer(ConfigReader& config, std::string class_name, Rank rank)
      : ActivatedProduct(config, std::move(class_name), "kernel", config.boolean("use_bias", true)),
        rank_(rank),
        padding_(read_padding(config)),
        window_(read_window(config, rank)),
        filters_(config.required_integer("filters", {1, 2147483647})) {
    const nlohmann::json* const value = config.take("output_padding");
    if (value == nullptr) return;
    const std::string expected = "an integer from 0 to below the stride, or a list of one for each dimension";
    const auto n = static_cast<std::size_t>(rank);
    if (value->is_array() && value->size() != n) config.bad_value("output_padding", expected);
    output_padding_ = {0, 0};
    for (std::size_t i = 0; i < n; ++i) {
      const nlohmann::json& one = value->is_array() ? value->at(i) : *value;
      const std::size_t d = dimension(i);
      if (!one.is_number_integer() || one < 0 || one >= window_.stride[d])
        config.bad_value("output_padding", expected);
      (*output_padding_)[d] = one.get<std::int64_t>();
    }
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    if (shape.size() != static_cast<std::size_t>(rank_) + 1)
      refuse_shape(shape, std::string("samples of ") + sample_noun(rank_));
    Shape kernel, output;
    for (std::size_t i = 0; i + 1 < shape.size(); ++i) {
      place(dimension(i), shape[i]);
      kernel.push_back(window_.size[dimension(i)]);
      output.push_back(window_.input[dimension(i)]);
      if (output.back() < 1) refuse_shape(shape, "a size whose output has at least one step");
    }
    kernel.insert(kernel.end(), {filters_, shape.back()});
    output.push_back(filters_);
    constexpr std::int64_t most = std::int64_t{1} << 31;
    std::int64_t size = 1;
    for (const std::int64_t dimension : output)
      if (__builtin_mul_overflow(size, dimension, &size) || size > most)
        refuse_shape(shape, "a size whose output has at most " + std::to_string(most) + " values");
    Shape bias(output.size(), 1);
    bias.back() = filters_;
    bias_.place(bias, output);
    // In float32, because a product with rounded factors needs the forward pass of a convolution first.
    product_.emplace(context.engine, ConvolutionShape{window_, filters_, shape.back(), 1});
    return build_weights(kernel, {filters_}, output, context);
  }

 private:
  void reserve_product(std::int64_t batch) override { bias_.reserve(batch); }
  /// The index in a Window of dimension i of the sample.
  [[nodiscard]] std::size_t dimension(std::size_t i) const { return rank_ == Rank::One ? 1 : i; }

  /// Places the window so that it makes `size` steps along dimension `d` of the output.
  void place(std::size_t d, std::int64_t size) {
    const std::int64_t extent = window_.extent(d), stride = window_.stride[d];
    const std::int64_t start = (size - 1) * stride;
    if (padding_ == Padding::Valid)
      window_.input[d] =
          start + extent +
          (output_padding_ ? (*output_padding_)[d] : std::max(stride - extent, std::int64_t{0}));
    else
      window_.input[d] = output_padding_ ? start + extent % 2 + (*output_padding_)[d] : start + stride;
    window_.output[d] = size;
    window_.before[d] = 0;
    if (padding_ == Padding::Same) window_.before[d] = window_.after(d) / 2;
  }

  void multiply(std::int64_t batch, const float* x, const float* kernel, const float* bias,
                float* y) override {
    product_->backward_data(batch, x, kernel, y);
    if (bias != nullptr) bias_.add(batch, bias, y);
  }

  void backward_weights(std::int64_t batch, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient) override {
    product_->backward_weights(batch, y_gradient, x, kernel_gradient, nullptr);
    if (bias_gradient != nullptr) bias_.gradient(batch, y_gradient, bias_gradient);
  }

  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                     float* x_gradient) override {
    product_->forward(batch, y_gradient, kernel, nullptr, x_gradient);
  }

  void write_config(nlohmann::json& config) const override {
    ActivatedProduct::write_config(config);
    write_window(window_, rank_, config);
    config["filters"] = filters_;
    config["padding"] = padding_name(padding_);
    config["output_padding"] =
        output_padding_ ? sizes_json(*output_padding_, rank_) : nlohmann::json(nullptr);
    config["use_bias"] = use_bias();
  }

  Rank rank_;
  Padding padding_;
  Window window_;  ///< its input is the layer's output
  std::int64_t filters_;
  std::optional<Window::Pair> output_padding_;
  RowBias bias_;
  std::optional<ConvolutionKernel> product_;
};

}  // namespace

LayerType conv1d_transpose_layer_type() {
  return {"Conv1DTranspose",
          "conv1dtranspose",
          {"filters", "kernel_size", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<TransposedConvolutionLayer>(config, "Conv1DTranspose", Rank::One);
          }};
}

LayerType conv2d_transpose_layer_type() {
  return {"Conv2DTranspose",
          "conv2dtranspose",
          {"filters", "kernel_size", "activation"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<TransposedConvolutionLayer>(config, "Conv2DTranspose", Rank::Two);
          }};
}

}  // namespace kairos::host
