// SPDX-License-Identifier: MIT
// A layer's options for one of its weights.
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

/// The initializer, regularizer and constraint of a weight.
class WeightOptions {
 public:
  /// Reads "kernel_initializer", "kernel_regularizer" and "kernel_constraint" for the prefix "kernel". Throws
  /// Error(Model).
  WeightOptions(ConfigReader& config, std::string prefix, std::string_view default_initializer);

  /// Initializes the parameter and sets its regularizer and constraint. `key` determines random values.
  void apply(Parameter& parameter, std::uint64_t key) const;
  /// Writes all three as Keras 3 does; null for a missing one.
  void write(nlohmann::json& config) const;

 private:
  std::string prefix_;
  Initializer initializer_;
  Regularizer regularizer_;
  Constraint constraint_;
};

}  // namespace kairos::host
