// SPDX-License-Identifier: MIT
// What all operations have in common, and the families of them.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layers/operation.hpp"

namespace kairos::host {

/// In Keras an operation is no layer: masks end at it.
class OperationLayer : public Layer {
 public:
  OperationLayer(ConfigReader& config, std::string_view class_name)
      : Layer(config, std::string(class_name)) {}
  [[nodiscard]] bool takes_several_inputs() const final { return true; }

 protected:
  void write_config(nlohmann::json&) const final {}  // the architecture keeps what was read
};

using MakeOperation = std::unique_ptr<Layer> (*)(std::string_view class_name, ConfigReader& config,
                                                 const std::vector<OperationArgument>& arguments);
struct OperationType {
  std::string_view class_name;
  MakeOperation make;
};

/// Value by value: arithmetic, comparisons, logic.
[[nodiscard]] std::vector<OperationType> elementwise_operations();

/// Throws unless there are `count` arguments, each a tensor or, where `numbers` says so, a number.
void require_arguments(const ConfigReader& config, std::string_view class_name,
                       const std::vector<OperationArgument>& arguments, std::size_t count, bool numbers);

}  // namespace kairos::host
