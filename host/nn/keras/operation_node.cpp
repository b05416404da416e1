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

bool is_of_class(const nlohmann::json& json, const char* name) {
  return json.is_object() && json.contains("class_name") && json["class_name"] == name;
}

/// Appends the numbers of a nested list. `depth` is the dimension that `json` is along.
void read_constant(const nlohmann::json& json, const std::string& where, std::size_t depth,
                   OperationArgument& argument) {
  constexpr double largest = 3e38;
  if (json.is_array() && !json.empty() && depth < 8) {
    const auto size = static_cast<std::int64_t>(json.size());
    if (depth == argument.shape.size() && argument.values.empty()) argument.shape.push_back(size);
    if (depth >= argument.shape.size() || argument.shape[depth] != size) refuse_argument(where, json);
    for (const nlohmann::json& one : json) read_constant(one, where, depth + 1, argument);
  } else if (depth == argument.shape.size() && json.is_boolean()) {
    argument.values.push_back(json.get<bool>() ? 1.0F : 0.0F);
  } else if (depth == argument.shape.size() && json.is_number() && std::abs(json.get<double>()) <= largest) {
    argument.values.push_back(json.get<float>());
  } else {
    refuse_argument(where, json);
  }
}

OperationArgument read_argument(const nlohmann::json& json, const std::string& where, bool any) {
  OperationArgument argument;
  if (is_of_class(json, "__keras_tensor__")) return argument;
  if (json.is_array() && !json.empty() && is_of_class(json.front(), "__keras_tensor__")) {
    argument.inputs = json.size();
    argument.is_list = true;
    for (const nlohmann::json& one : json)
      if (!is_of_class(one, "__keras_tensor__")) refuse_argument(where, one);
    return argument;
  }
  if (any) {
    argument.kind = OperationArgument::Kind::Other;
    argument.json = json.dump();
    return argument;
  }
  argument.kind = OperationArgument::Kind::Constant;
  const bool is_array = is_of_class(json, "__numpy__") || is_of_class(json, "__tensor__");
  if (is_array &&
      (!json.contains("config") || !json["config"].is_object() || !json["config"].contains("value")))
    refuse_argument(where, json);
  read_constant(is_array ? json["config"]["value"] : json, where, 0, argument);
  return argument;
}

/// The dtype of booleans and numbers makes no difference here.
void refuse_named_arguments(const nlohmann::json& named, const std::string& where) {
  if (!named.is_object()) refuse_argument(where, named);
  for (const auto& [key, value] : named.items())
    if (!value.is_null() && key != "dtype")
      throw Error(ErrorKind::Model, {"KAIROS-M102", where,
                                     "the operation is called with an argument \"" + key.substr(0, 80) +
                                         "\" that is not supported",
                                     brief_json(value), "no argument by name", "Write it with layers"});
}

}  // namespace

std::unique_ptr<Layer> make_operation(const ArchitectureLayer& operation, UnknownKeys* unknown) {
  const std::string where = layer_noun(operation.name, operation.class_name);
  nlohmann::json config_json = nlohmann::json::parse(operation.operation->config);
  // Keras omits the name of operations that do not take one.
  if (config_json.is_object()) config_json["name"] = operation.name;
  const nlohmann::json args = nlohmann::json::parse(operation.operation->args);
  if (!args.is_array()) refuse_argument(where, args);
  refuse_named_arguments(nlohmann::json::parse(operation.operation->kwargs), where);
  std::vector<OperationArgument> arguments;
  for (const nlohmann::json& arg : args)
    arguments.push_back(read_argument(arg, where, operation.class_name == "GetItem" && !arguments.empty()));
  ConfigReader config(config_json, where, {"operation", operation.class_name, unknown});
  std::unique_ptr<Layer> layer = make_operation(operation.class_name, config, arguments);
  config.finish();
  return layer;
}

}  // namespace kairos::host
