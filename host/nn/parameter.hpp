// SPDX-License-Identifier: MIT
// A tensor that a layer owns: a weight that is trained, or state that is not.
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

/// Values are plain and row-major. Everything outside `nn/` reaches them through Model::tensors() and
/// tensors_written(), which is where a layout of a kernel's own would be brought up to date.
struct Parameter {
  enum class Kind {
    Weight,  ///< trained unless `trainable` is false
    State,   ///< running means and the like
  };

  std::string name;  ///< inside the layer: "kernel"
  Shape shape;
  Kind kind = Kind::Weight;
  bool trainable = true;
  Regularizer regularizer;
  Constraint constraint;  ///< the optimizer keeps it
  FloatBuffer values;
  FloatBuffer gradient;  ///< empty if not trainable

  [[nodiscard]] std::int64_t size() const noexcept { return size_of(shape); }
};

}  // namespace kairos::host
