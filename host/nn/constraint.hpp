// SPDX-License-Identifier: MIT
// Keras' constraints, applied to weights after each step of the optimizer.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "nn/keras/config_reader.hpp"

namespace kairos::host {

/// A constraint as the architecture describes it.
struct Constraint {
  enum class Kind { None, MaxNorm, NonNeg, UnitNorm, MinMaxNorm };

  Kind kind = Kind::None;
  double min_value = 0;  ///< of MinMaxNorm
  double max_value = 0;  ///< of MaxNorm and MinMaxNorm
  double rate = 1;       ///< of MinMaxNorm: the share of the correction that each step applies
  /// The norm is taken over these axes: {0} constrains each column of a Dense kernel, {0, 1, 2} each filter
  /// of a Conv2D.
  std::vector<std::int64_t> axes{0};

  [[nodiscard]] bool none() const noexcept { return kind == Kind::None; }
};

/// Reads "max_norm", or an object of class MaxNorm, NonNeg, UnitNorm or MinMaxNorm, or null. Throws
/// Error(Model).
[[nodiscard]] Constraint read_constraint(ConfigReader& config, std::string_view key);
/// In the format of Keras 3; null for no constraint.
[[nodiscard]] nlohmann::json constraint_json(const Constraint& constraint);

/// Applies a constraint to one weight; allocates in the constructor only.
class ConstraintKeeper {
 public:
  /// `weight` is the weight's name for messages. Throws Error(Model) for an axis that `shape` does not have.
  ConstraintKeeper(const Constraint& constraint, const std::vector<std::int64_t>& shape,
                   std::string_view weight);

  /// Keras 3's formulas. A NaN stays NaN.
  void apply(float* values);

 private:
  [[nodiscard]] float factor(float norm) const;

  Constraint constraint_;
  std::int64_t width_;              ///< of the last dimension
  std::vector<std::int64_t> rows_;  ///< the first norm of each row along the last dimension
  std::int64_t norms_per_row_ = 1;  ///< 1 if the last dimension is part of the norm, else width_
  std::vector<double> squares_;
  std::vector<float> factors_;
};

}  // namespace kairos::host
