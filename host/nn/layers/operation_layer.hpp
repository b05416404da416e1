// SPDX-License-Identifier: MIT
// The common part of all operations.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layers/operation.hpp"

namespace kairos::host {

/// In Keras operations are not layers, so masks end at them.
class OperationLayer : public Layer {
 public:
  OperationLayer(ConfigReader& config, std::string_view class_name)
      : Layer(config, std::string(class_name)) {}
  [[nodiscard]] bool takes_several_inputs() const final { return true; }

 protected:
  void write_config(nlohmann::json&) const final {}  // the architecture stores the original JSON
};

using MakeOperation = std::unique_ptr<Layer> (*)(std::string_view class_name, ConfigReader& config,
                                                 const std::vector<OperationArgument>& arguments);
struct OperationType {
  std::string_view class_name;
  MakeOperation make;
};

/// Elementwise arithmetic, comparisons and logic.
[[nodiscard]] std::vector<OperationType> elementwise_operations();

/// Throws unless there are `count` arguments, each a tensor or, if `numbers` is true, a number.
void require_arguments(const ConfigReader& config, std::string_view class_name,
                       const std::vector<OperationArgument>& arguments, std::size_t count, bool numbers);

}  // namespace kairos::host
