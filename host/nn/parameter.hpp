// SPDX-License-Identifier: MIT
// A tensor owned by a layer: a trained weight, or state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compute/buffer.hpp"
#include "nn/constraint.hpp"
#include "nn/regularizer.hpp"

namespace kairos::host {

using Shape = std::vector<std::int64_t>;

/// Product of the dimensions; 1 for a scalar.
[[nodiscard]] std::int64_t size_of(const Shape& shape) noexcept;

/// Values are row-major. Code outside `nn/` accesses them through Model::tensors() and tensors_written().
struct Parameter {
  enum class Kind {
    Weight,  ///< trained unless `trainable` is false
    State,   ///< running means, for example
  };

  std::string name;  ///< inside the layer: "kernel"
  Shape shape;
  Kind kind = Kind::Weight;
  bool trainable = true;
  bool frozen = false;  ///< by a callback: the optimizer leaves the values and their state alone
  Regularizer regularizer;
  Constraint constraint;  ///< applied by the optimizer
  FloatBuffer values;
  FloatBuffer gradient;  ///< empty if not trainable

  [[nodiscard]] std::int64_t size() const noexcept { return size_of(shape); }
};

}  // namespace kairos::host
