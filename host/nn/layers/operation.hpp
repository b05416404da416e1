// SPDX-License-Identifier: MIT
// Operations of keras.ops that stand between the layers of a Functional model, such as x + 1 or x != 0.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layer.hpp"

namespace kairos::host {

/// A positional argument of a call.
struct OperationArgument {
  std::optional<float> number;  ///< without one it is made of inputs
  std::size_t inputs = 1;       ///< of a list of tensors their number
};

/// Computes as Keras does. Truth values are 1 and 0. What comes out has no mask of its own. The configuration
/// has a name and what Keras writes of the operation. Throws Error(Model) for what is not supported.
[[nodiscard]] std::unique_ptr<Layer> make_operation(std::string_view class_name, ConfigReader& config,
                                                    const std::vector<OperationArgument>& arguments);
/// Throws Error(Model) for an operation that is not supported.
void require_operation(std::string_view class_name, const std::string& where);
[[nodiscard]] bool is_operation(std::string_view class_name);
[[nodiscard]] std::vector<std::string> operation_names();

/// Takes a value and what shall be its mask, [steps] of truth values, and hands both on as one.
[[nodiscard]] std::unique_ptr<Layer> make_masked(const std::string& name);

}  // namespace kairos::host
