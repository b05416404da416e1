// SPDX-License-Identifier: MIT
// Every loss, by family, each defined in the file of that family.
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
/// Of a row as a whole: a distribution or a direction.
[[nodiscard]] std::vector<LossType> row_losses();

/// What is wrong with a target outside 0 … 1; "" if none is.
[[nodiscard]] std::string outside_unit_interval(std::int64_t n, const float* target);

}  // namespace kairos::host
