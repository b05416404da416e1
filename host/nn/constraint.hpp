// SPDX-License-Identifier: MIT
// What a weight is held to after each step of the optimizer: Keras' constraints.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "nn/keras/config_reader.hpp"

namespace kairos::host {

/// As in the architecture; None is none.
struct Constraint {
  enum class Kind { None, MaxNorm, NonNeg, UnitNorm, MinMaxNorm };

  Kind kind = Kind::None;
  double min_value = 0;  ///< of MinMaxNorm
  double max_value = 0;  ///< of MaxNorm and MinMaxNorm
  double rate = 1;       ///< of MinMaxNorm: the share of the way that one step goes
  /// Over which the norm is taken: 0 for each column of a Dense kernel, {0, 1, 2} for each filter of a
  /// Conv2D.
  std::vector<std::int64_t> axes{0};

  [[nodiscard]] bool none() const noexcept { return kind == Kind::None; }
};

/// Reads "max_norm", or an object of class MaxNorm, NonNeg, UnitNorm or MinMaxNorm, or null. Throws
/// Error(Model).
[[nodiscard]] Constraint read_constraint(ConfigReader& config, std::string_view key);
/// As Keras 3 writes it; null if there is none.
[[nodiscard]] nlohmann::json constraint_json(const Constraint& constraint);

/// A constraint with room for the norms of one weight, so that holding it allocates nothing.
class ConstraintKeeper {
 public:
  /// `weight` names it in messages. Throws Error(Model) for an axis that `shape` does not have.
  ConstraintKeeper(const Constraint& constraint, const std::vector<std::int64_t>& shape,
                   std::string_view weight);

  /// Keras 3's formulas. A norm that is NaN stays one.
  void apply(float* values);

 private:
  template <typename Visit>
  void for_each_row(std::size_t dimension, std::int64_t offset, std::int64_t norm, const Visit& visit) const;
  [[nodiscard]] float factor(float norm) const;

  Constraint constraint_;
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> steps_;       ///< from one value to the next, for each dimension
  std::vector<std::int64_t> norm_steps_;  ///< the same among the norms; 0 where the norm is taken
  std::vector<double> squares_;
  std::vector<float> factors_;
};

}  // namespace kairos::host
