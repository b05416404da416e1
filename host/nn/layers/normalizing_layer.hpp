// SPDX-License-Identifier: MIT
// The common part of normalization layers: the axes, and the weights gamma and beta that scale and shift the
// result.
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
  /// Adds gamma and beta, if the layer uses them. To be called once, before all other parameters are added.
  void add_weights(const Shape& shape, const BuildContext& context);
  /// The index of the first parameter after gamma and beta.
  [[nodiscard]] std::size_t weight_count() const noexcept { return beta_index() + (center_ ? 1 : 0); }
  [[nodiscard]] NormalizationWeights weights();
  /// Destinations of the gradients; null for a weight that does not exist or is not trained.
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
