// SPDX-License-Identifier: MIT
// The families of losses, each in a file of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nn/keras/config_reader.hpp"
#include "nn/losses.hpp"

namespace kairos::host {

/// Keras' epsilon in losses.
constexpr float loss_epsilon = 1e-7F;

struct LossType {
  std::vector<std::string> names;  ///< the first is the full name, the last Keras' class
  std::unique_ptr<Loss> (*make)(ConfigReader&);
};

[[nodiscard]] std::vector<LossType> regression_losses();
[[nodiscard]] std::vector<LossType> crossentropy_losses();
[[nodiscard]] std::vector<LossType> hinge_losses();
/// KL divergence and cosine similarity, which are no mean over the values of a row.
[[nodiscard]] std::vector<LossType> row_losses();

/// What is wrong with the first target outside 0 … 1; "" if there is none.
[[nodiscard]] std::string outside_unit_interval(std::int64_t n, const float* target);

}  // namespace kairos::host
