// SPDX-License-Identifier: MIT
// Reads, builds and runs a convolution with bias and activation.
#include "nn/layers/activated_convolution.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace kairos::host {

ActivatedConvolution::ActivatedConvolution(ConfigReader& config, std::string class_name, Rank rank,
                                           const std::vector<Padding>& paddings, std::string kernel_prefix)
    : ActivatedProduct(config, std::move(class_name), std::move(kernel_prefix),
                       config.boolean("use_bias", true)),
      rank_(rank),
      padding_(read_padding(config, paddings)),
      window_(read_window(config, rank)) {}

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
  product_.emplace(context.engine, ConvolutionShape{window_, shape.back(), filters, groups},
                   context.precision == Precision::Bf16 ? ConvolutionPath::Bf16 : ConvolutionPath::Auto);
  return build_weights(kernel_shape, {filters}, window_output(window_, rank_, filters), context);
}

void ActivatedConvolution::multiply(std::int64_t batch, const float* x, const float* kernel,
                                    const float* bias, float* y) {
  product_->forward(batch, x, kernel, bias, y);
}

void ActivatedConvolution::backward_weights(std::int64_t batch, const float* x, const float* y_gradient,
                                            float* kernel_gradient, float* bias_gradient) {
  product_->backward_weights(batch, x, y_gradient, kernel_gradient, bias_gradient);
}

void ActivatedConvolution::backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                                         float* x_gradient) {
  product_->backward_data(batch, y_gradient, kernel, x_gradient);
}

void ActivatedConvolution::write_config(nlohmann::json& config) const {
  ActivatedProduct::write_config(config);
  write_window(window_, rank_, config);
  config["padding"] = padding_name(padding_);
  config["use_bias"] = use_bias();
}

}  // namespace kairos::host
