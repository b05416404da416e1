// SPDX-License-Identifier: MIT
// All optimizers, each defined in the file of its name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nn/optimizer.hpp"

namespace kairos::host {

struct OptimizerType {
  std::string_view class_name;
  std::unique_ptr<Optimizer> (*make)(ConfigReader& config);
};

/// Common ranges: fractions, and terms that keep a divisor from being 0.
constexpr NumberRange fraction_range{0, 1};
constexpr NumberRange epsilon_range{0, 3e38};

[[nodiscard]] std::vector<OptimizerType> all_optimizers();
/// The class names of all of them.
[[nodiscard]] std::vector<std::string> optimizer_names();

[[nodiscard]] OptimizerType adadelta_optimizer_type();
[[nodiscard]] OptimizerType adafactor_optimizer_type();
[[nodiscard]] OptimizerType adagrad_optimizer_type();
[[nodiscard]] OptimizerType adam_optimizer_type();
[[nodiscard]] OptimizerType adamax_optimizer_type();
[[nodiscard]] OptimizerType adamw_optimizer_type();
[[nodiscard]] OptimizerType ftrl_optimizer_type();
[[nodiscard]] OptimizerType lamb_optimizer_type();
[[nodiscard]] OptimizerType lion_optimizer_type();
[[nodiscard]] OptimizerType nadam_optimizer_type();
[[nodiscard]] OptimizerType rmsprop_optimizer_type();
[[nodiscard]] OptimizerType sgd_optimizer_type();

}  // namespace kairos::host
