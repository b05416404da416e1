// SPDX-License-Identifier: MIT
// What a layer's config says about one of its weights.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "nn/constraint.hpp"
#include "nn/initializer.hpp"
#include "nn/parameter.hpp"
#include "nn/regularizer.hpp"

namespace kairos::host {

/// How a weight begins, what it costs, what it is held to.
class WeightOptions {
 public:
  /// Takes "kernel_initializer", "kernel_regularizer" and "kernel_constraint" where the prefix is "kernel".
  /// Throws Error(Model).
  WeightOptions(ConfigReader& config, std::string prefix, std::string_view default_initializer);

  /// Gives the parameter its first values and what else the config says. `key` is of all that is random.
  void apply(Parameter& parameter, std::uint64_t key) const;
  /// As Keras 3 writes them: all three, null for what there is none of.
  void write(nlohmann::json& config) const;

 private:
  std::string prefix_;
  Initializer initializer_;
  Regularizer regularizer_;
  Constraint constraint_;
};

}  // namespace kairos::host
