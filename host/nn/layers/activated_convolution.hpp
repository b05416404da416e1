// SPDX-License-Identifier: MIT
// The common part of convolutions over one or two dimensions: activation(input * kernel + bias).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "compute/convolution.hpp"
#include "nn/layers/activated_product.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

class ActivatedConvolution : public ActivatedProduct {
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
  void multiply(std::int64_t batch, const float* x, const float* kernel, const float* bias, float* y) final;
  void backward_weights(std::int64_t batch, const float* x, const float* y_gradient, float* kernel_gradient,
                        float* bias_gradient) final;
  void backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                     float* x_gradient) final;

  Rank rank_;
  Padding padding_;
  Window window_;
  std::optional<ConvolutionKernel> product_;
};

}  // namespace kairos::host
