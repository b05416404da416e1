// SPDX-License-Identifier: MIT
// The common part of all convolution layers: activation(input * kernel + bias) and its gradients.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "compute/convolution.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/product_activation.hpp"
#include "nn/layers/window_config.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

/// The parameters are a kernel and, if used, a bias.
class ActivatedConvolution : public Layer {
 public:
  void reserve(std::int64_t batch) final;
  [[nodiscard]] const Activation* last_activation() const final { return activation_.last_activation(); }
  bool keep_logits() final { return activation_.keep_logits(); }
  [[nodiscard]] const float* logits(std::span<const float* const>) const final {
    return activation_.logits();
  }
  void forward(const GraphPass& pass, const LayerValues& values) final;
  void backward(const GraphPass& pass, const LayerGradients& gradients) final;

 protected:
  /// Reads the common arguments; `kernel_prefix` is the prefix of the kernel's options, such as "depthwise".
  ActivatedConvolution(ConfigReader& config, std::string class_name, Rank rank,
                       const std::vector<Padding>& paddings, std::string kernel_prefix);

  /// Creates the parameters and the convolution for samples of `shape`, and returns the output shape.
  /// `kernel_shape` is the parameter's; its values are [rows, columns, channels / groups, filters].
  Shape build_product(const Shape& shape, const Shape& kernel_shape, std::int64_t filters,
                      std::int64_t groups, const BuildContext& context);
  void require_rank(const Shape& shape) const;
  /// {rows, columns} of the kernel, or {columns}.
  [[nodiscard]] Shape kernel_sizes() const;
  void write_config(nlohmann::json& config) const override;

 private:
  Rank rank_;
  Window window_;
  Padding padding_;
  ProductActivation activation_;
  bool use_bias_;
  WeightOptions kernel_;
  WeightOptions bias_;

  std::optional<ConvolutionKernel> product_;
};

}  // namespace kairos::host
