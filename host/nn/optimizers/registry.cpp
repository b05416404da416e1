// SPDX-License-Identifier: MIT
// Finds an optimizer by what the user wrote: one line for each there is.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <vector>

#include "io/json.hpp"
#include "kairos/host/error.hpp"
#include "nn/keras_object.hpp"
#include "nn/optimizers/optimizer_types.hpp"
#include "nn/optimizers/schedule.hpp"
#include "train/call_text.hpp"

namespace kairos::host {

namespace {

std::vector<OptimizerType> optimizer_types() {
  return {sgd_optimizer_type(),     adam_optimizer_type(),    adamw_optimizer_type(),
          rmsprop_optimizer_type(), adagrad_optimizer_type(), adadelta_optimizer_type(),
          adamax_optimizer_type(),  nadam_optimizer_type()};
}

/// "sgd", "SGD" and "Sgd" are one.
std::string folded(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_rate(std::string_view name) {
  return name == "learning_rate" || name == "lr";
}

bool is_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

nlohmann::json read_description(std::string_view text) {
  if (is_json(text)) return parse_json(text, "optimizer");
  CallText call = parse_call(text, "optimizer");
  // As in Keras, the learning rate is the first argument of every optimizer and may stand without its name.
  if (!call.arguments.empty() && call.arguments.front().name.empty())
    call.arguments.front().name = "learning_rate";
  // A schedule's arguments may stand without names, which the general reader cannot give them.
  nlohmann::json schedules = nlohmann::json::object();
  std::erase_if(call.arguments, [&](const CallArgument& argument) {
    const bool nested = is_rate(argument.name) && argument.value.find('(') != std::string::npos;
    if (nested) schedules[argument.name] = schedule_call_json(argument.value);
    return nested;
  });
  nlohmann::json description = call_json(call, "optimizer");
  description["config"].update(schedules);
  return description;
}

/// The names of Keras 1 and 2.
void rename_old_arguments(nlohmann::json& config, const std::string& where) {
  if (!config.is_object() || !config.contains("lr")) return;
  if (config.contains("learning_rate"))
    throw Error(ErrorKind::Model, {"KAIROS-M002", where, "lr and learning_rate are the same argument", "both",
                                   "one", "Remove lr"});
  config["learning_rate"] = config["lr"];
  config.erase("lr");
}

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(std::string_view text, UnknownKeys* unknown) {
  std::vector<std::string> names;
  for (const OptimizerType& type : optimizer_types()) names.emplace_back(type.class_name);
  if (!is_json(text)) unknown = nullptr;
  const KerasObject object(read_description(text), "optimizer", names, unknown);
  for (const OptimizerType& type : optimizer_types()) {
    if (folded(type.class_name) != folded(object.class_name())) continue;
    const std::string where = "optimizer " + std::string(type.class_name);
    nlohmann::json description = object.config();
    rename_old_arguments(description, where);
    ConfigReader config(description, where, {"optimizer", std::string(type.class_name), unknown});
    std::unique_ptr<Optimizer> optimizer = type.make(config);
    config.finish();
    return optimizer;
  }
  object.unknown("KAIROS-M020", "optimizer");
}

}  // namespace kairos::host
