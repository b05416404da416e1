// SPDX-License-Identifier: MIT
// What layers have in common that bring values to mean 0 and variance 1: the axes, and gamma and beta by
// which the result is scaled and shifted.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "compute/normalization.hpp"
#include "nn/layer.hpp"
#include "nn/layers/trailing_axes.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

class NormalizingLayer : public Layer {
 public:
  [[nodiscard]] MaskRule mask_rule(bool) const final { return MaskRule::Pass; }

 protected:
  NormalizingLayer(ConfigReader& config, std::string class_name);

  [[nodiscard]] const TrailingAxes& axes() const noexcept { return axes_; }
  [[nodiscard]] float epsilon() const noexcept { return static_cast<float>(epsilon_); }
  /// gamma and beta, as far as the layer has them. Once, before all other parameters.
  void add_weights(const Shape& shape, const BuildContext& context);
  /// Of parameters that are added behind them.
  [[nodiscard]] std::size_t weight_count() const noexcept { return beta_index() + (center_ ? 1 : 0); }
  [[nodiscard]] NormalizationWeights weights();
  /// Where the gradients go: null for a weight that is not there or not trained.
  [[nodiscard]] NormalizationGradients gradients(float* of_input);
  void write_config(nlohmann::json& config) const override;

 private:
  [[nodiscard]] std::size_t beta_index() const noexcept { return scale_ ? 1 : 0; }

  TrailingAxes axes_;
  double epsilon_;
  bool center_;
  bool scale_;
  WeightOptions beta_;
  WeightOptions gamma_;
};

}  // namespace kairos::host
