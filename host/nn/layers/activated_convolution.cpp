// SPDX-License-Identifier: MIT
// Reads, builds and runs a convolution with bias and activation.
#include "nn/layers/activated_convolution.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "compute/random.hpp"

namespace kairos::host {

ActivatedConvolution::ActivatedConvolution(ConfigReader& config, std::string class_name, Rank rank,
                                           const std::vector<Padding>& paddings, std::string kernel_prefix)
    : Layer(config, std::move(class_name)),
      rank_(rank),
      padding_(read_padding(config, paddings)),
      activation_(config),
      use_bias_(config.boolean("use_bias", true)),
      kernel_(config, std::move(kernel_prefix), "glorot_uniform"),
      bias_(config, "bias", "zeros") {
  const auto size = read_sizes(config, "kernel_size", rank);
  if (!size) config.bad_value("kernel_size", "a positive integer, or a list of one for each dimension");
  window_.size = *size;
  window_.stride = read_sizes(config, "strides", rank).value_or(Window::Pair{1, 1});
  window_.dilation = read_sizes(config, "dilation_rate", rank).value_or(Window::Pair{1, 1});
  constexpr Window::Pair ones{1, 1};
  if (window_.stride != ones && window_.dilation != ones)
    config.bad_value("dilation_rate", "1 where strides are not 1, as in Keras");
}

void ActivatedConvolution::require_rank(const Shape& shape) const {
  if (shape.size() != static_cast<std::size_t>(rank_) + 1)
    refuse_shape(shape, std::string("samples of ") + sample_noun(rank_));
}

Shape ActivatedConvolution::kernel_sizes() const {
  if (rank_ == Rank::One) return {window_.size[1]};
  return {window_.size[0], window_.size[1]};
}

Shape ActivatedConvolution::build_product(const Shape& shape, const Shape& kernel_shape, std::int64_t filters,
                                          std::int64_t groups, const BuildContext& context) {
  if (!place_window(window_, padding_, rank_, shape)) refuse_shape(shape, "at least the size of the kernel");
  kernel_.apply(add_parameter("kernel", kernel_shape), joined_key(context.key, 0));
  if (use_bias_) bias_.apply(add_parameter("bias", {filters}), joined_key(context.key, 1));
  product_.emplace(context.engine, ConvolutionShape{window_, shape.back(), filters, groups},
                   context.precision == Precision::Bf16 ? ConvolutionPath::Bf16 : ConvolutionPath::Auto);
  return activation_.build(*this, window_output(window_, rank_, filters), context);
}

void ActivatedConvolution::reserve(std::int64_t batch) {
  activation_.reserve(batch);
}

void ActivatedConvolution::forward(const GraphPass& pass, const LayerValues& v) {
  product_->forward(pass.batch, v.inputs.front(), parameters()[0].values.data(),
                    use_bias_ ? parameters()[1].values.data() : nullptr, activation_.product(v.output));
  activation_.forward(pass, v.output);
}

void ActivatedConvolution::backward(const GraphPass& pass, const LayerGradients& g) {
  float* const gradient = activation_.backward(pass, g);
  if (trainable())
    product_->backward_weights(pass.batch, g.inputs.front(), gradient, parameters()[0].gradient.data(),
                               use_bias_ ? parameters()[1].gradient.data() : nullptr);
  if (g.input_gradients.front() != nullptr)
    product_->backward_data(pass.batch, gradient, parameters()[0].values.data(), g.input_gradients.front());
}

void ActivatedConvolution::write_config(nlohmann::json& config) const {
  config["kernel_size"] = sizes_json(window_.size, rank_);
  config["strides"] = sizes_json(window_.stride, rank_);
  config["padding"] = padding_name(padding_);
  config["data_format"] = "channels_last";
  config["dilation_rate"] = sizes_json(window_.dilation, rank_);
  config["activation"] = activation_.json();
  config["use_bias"] = use_bias_;
  kernel_.write(config);
  bias_.write(config);
  config["activity_regularizer"] = regularizer_json(activity_regularizer());
}

}  // namespace kairos::host
