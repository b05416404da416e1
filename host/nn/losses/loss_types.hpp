// SPDX-License-Identifier: MIT
// The families of losses, each in a file of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nn/keras/config_reader.hpp"
#include "nn/losses.hpp"

namespace kairos::host {

/// Keras' epsilon in losses.
constexpr float loss_epsilon = 1e-7F;
/// Probabilities outside [least, most] are clipped and have no gradient.
constexpr float least_probability = loss_epsilon;
constexpr float most_probability = static_cast<float>(1.0 - 1e-7);

struct LossType {
  std::vector<std::string> names;  ///< the first is the full name, the last Keras' class
  std::unique_ptr<Loss> (*make)(ConfigReader&);
};

/// Of every family.
[[nodiscard]] const std::vector<LossType>& all_losses();
[[nodiscard]] std::vector<LossType> regression_losses();
[[nodiscard]] std::vector<LossType> crossentropy_losses();
[[nodiscard]] std::vector<LossType> hinge_losses();
[[nodiscard]] std::vector<LossType> focal_losses();
[[nodiscard]] std::vector<LossType> overlap_losses();
/// KL divergence and cosine similarity, which are no mean over the values of a row.
[[nodiscard]] std::vector<LossType> row_losses();

/// Throws that a loss does not allow the output of the model.
[[noreturn]] void refuse_output(std::string_view loss, const std::string& found, const std::string& expected,
                                const std::string& cure);
/// "3 units in the last layer"
[[nodiscard]] std::string units_text(std::int64_t features);
/// What is wrong with a class label; "" for one of 0 … features - 1.
[[nodiscard]] std::string label_fault(std::int64_t features, float label);
/// What is wrong with the first target outside 0 … 1; "" if there is none.
[[nodiscard]] std::string outside_unit_interval(std::int64_t n, const float* target);

}  // namespace kairos::host
