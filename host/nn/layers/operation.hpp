// SPDX-License-Identifier: MIT
// keras.ops operations between the layers of a Functional model, such as x + 1 or x != 0.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layer.hpp"

namespace kairos::host {

/// A positional argument of a call: inputs, a constant, or something else.
struct OperationArgument {
  enum class Kind { Inputs, Constant, Other };

  Kind kind = Kind::Inputs;
  std::size_t inputs = 1;     ///< number of tensors, in a list if `is_list`
  bool is_list = false;       ///< of tensors
  std::vector<float> values;  ///< of a constant
  Shape shape;                ///< of a constant; empty for a number
  std::string json;           ///< of anything else, such as the slices of x[:, 0]
};

/// Computes as Keras does. Booleans are 1 and 0. The output has no mask. The configuration has a name and
/// what Keras writes for the operation. Throws Error(Model) if it is not supported.
[[nodiscard]] std::unique_ptr<Layer> make_operation(std::string_view class_name, ConfigReader& config,
                                                    const std::vector<OperationArgument>& arguments);
/// Throws Error(Model) for an operation that is not supported.
void require_operation(std::string_view class_name, const std::string& where);
[[nodiscard]] bool is_operation(std::string_view class_name);
[[nodiscard]] std::vector<std::string> operation_names();

/// Output `i` of a layer whose value contains several, of these shapes. The first has the mask of the value.
[[nodiscard]] std::unique_ptr<Layer> make_part(const std::string& name, const std::vector<Shape>& parts,
                                               std::size_t i);
/// A layer of two inputs, a value and its mask [steps] of booleans, whose output is the masked value.
[[nodiscard]] std::unique_ptr<Layer> make_masked(const std::string& name);

}  // namespace kairos::host
