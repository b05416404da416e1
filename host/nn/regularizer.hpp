// SPDX-License-Identifier: MIT
// L1 and L2 penalties on a weight, or on the output of a layer.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "nn/keras/config_reader.hpp"

namespace kairos::host {

/// loss += l1 * Σ|w| + l2 * Σw². No penalty if both are 0.
struct Regularizer {
  double l1 = 0;
  double l2 = 0;

  [[nodiscard]] bool none() const noexcept { return l1 == 0 && l2 == 0; }
  [[nodiscard]] double penalty(std::int64_t n, const float* weights) const noexcept;
  void add_gradient(std::int64_t n, const float* weights, float* gradient) const noexcept;
  /// For the outputs of so many samples: the penalty is the mean over them.
  [[nodiscard]] Regularizer per_sample(std::int64_t samples) const noexcept;
};

/// Reads "l2", or an object of class L1, L2 or L1L2, or null. Throws Error(Model).
[[nodiscard]] Regularizer read_regularizer(ConfigReader& config, std::string_view key);
/// In the format of Keras 3; null for no penalty.
[[nodiscard]] nlohmann::json regularizer_json(const Regularizer& regularizer);

}  // namespace kairos::host
