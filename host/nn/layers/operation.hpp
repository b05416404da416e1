// SPDX-License-Identifier: MIT
// keras.ops operations between the layers of a Functional model, such as x + 1 or x != 0.
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
  std::optional<float> number;  ///< empty if the argument consists of inputs
  std::size_t inputs = 1;       ///< number of tensors in a list
};

/// Computes as Keras does. Booleans are 1 and 0. The output has no mask. The configuration has a name and
/// what Keras writes for the operation. Throws Error(Model) if it is not supported.
[[nodiscard]] std::unique_ptr<Layer> make_operation(std::string_view class_name, ConfigReader& config,
                                                    const std::vector<OperationArgument>& arguments);
/// Throws Error(Model) for an operation that is not supported.
void require_operation(std::string_view class_name, const std::string& where);
[[nodiscard]] bool is_operation(std::string_view class_name);
[[nodiscard]] std::vector<std::string> operation_names();

/// A layer of two inputs, a value and its mask [steps] of booleans, whose output is the masked value.
[[nodiscard]] std::unique_ptr<Layer> make_masked(const std::string& name);

}  // namespace kairos::host
