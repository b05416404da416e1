// SPDX-License-Identifier: MIT
// Creates the layer of a keras.ops node from its JSON.
#include <cmath>
#include <nlohmann/json.hpp>

#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/layers/operation.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse_argument(const std::string& where, const nlohmann::json& argument) {
  throw Error(ErrorKind::Model,
              {"KAIROS-M102", where, "the operation is called with an argument that is not supported",
               brief_json(argument), "tensors and numbers", "Write it with layers"});
}

}  // namespace

std::unique_ptr<Layer> make_operation(const ArchitectureLayer& operation, UnknownKeys* unknown) {
  const std::string where = layer_noun(operation.name, operation.class_name);
  nlohmann::json config_json = nlohmann::json::parse(operation.operation->config);
  // Keras omits the name of operations that do not take one.
  if (config_json.is_object()) config_json["name"] = operation.name;
  const nlohmann::json args = nlohmann::json::parse(operation.operation->args);
  if (!args.is_array()) refuse_argument(where, args);
  std::vector<OperationArgument> arguments;
  for (const nlohmann::json& arg : args) {
    OperationArgument& argument = arguments.emplace_back();
    constexpr double largest = 3e38;
    if (arg.is_boolean())
      argument.number = arg.get<bool>() ? 1.0F : 0.0F;
    else if (arg.is_number() && std::abs(arg.get<double>()) <= largest)
      argument.number = arg.get<float>();
    else if (arg.is_array() && !arg.empty())
      argument.inputs = arg.size();
    else if (!arg.is_object())
      refuse_argument(where, arg);
  }
  ConfigReader config(config_json, where, {"operation", operation.class_name, unknown});
  std::unique_ptr<Layer> layer = make_operation(operation.class_name, config, arguments);
  config.finish();
  return layer;
}

}  // namespace kairos::host
