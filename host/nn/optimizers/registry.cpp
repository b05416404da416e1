// SPDX-License-Identifier: MIT
// Creates optimizers from text or JSON.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json.hpp"
#include "kairos/host/error.hpp"
#include "nn/call_text.hpp"
#include "nn/keras/object.hpp"
#include "nn/optimizers/optimizer_types.hpp"
#include "nn/optimizers/schedule.hpp"

namespace kairos::host {

std::vector<OptimizerType> all_optimizers() {
  return {sgd_optimizer_type(),     adam_optimizer_type(),    adamw_optimizer_type(),
          rmsprop_optimizer_type(), adagrad_optimizer_type(), adadelta_optimizer_type(),
          adamax_optimizer_type(),  nadam_optimizer_type(),   adafactor_optimizer_type(),
          ftrl_optimizer_type(),    lamb_optimizer_type(),    lion_optimizer_type()};
}

namespace {

/// Names are case-insensitive: "sgd", "SGD" and "Sgd" are equal.
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
  // As in Keras, the learning rate is the first positional argument of every optimizer.
  if (!call.arguments.empty() && call.arguments.front().name.empty())
    call.arguments.front().name = "learning_rate";
  // A schedule may have positional arguments, which call_json cannot name.
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

/// Renames arguments of Keras 1 and 2.
void rename_old_arguments(nlohmann::json& config, const std::string& where) {
  if (!config.is_object() || !config.contains("lr")) return;
  if (config.contains("learning_rate"))
    throw Error(ErrorKind::Model, {"KAIROS-M113", where, "lr and learning_rate are the same argument", "both",
                                   "one", "Remove lr"});
  config["learning_rate"] = config["lr"];
  config.erase("lr");
}

/// Whether the optimizer had the argument `decay` in Keras 1 and 2.
bool had_decay(std::string_view class_name) {
  constexpr std::string_view names[] = {"SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax"};
  return std::ranges::find(names, class_name) != std::end(names);
}

/// The default learning rate of an optimizer, as the shortest decimal number.
double default_rate(const OptimizerType& type) {
  const nlohmann::json none = nlohmann::json::object();
  ConfigReader config(none, "");
  const auto rate = static_cast<float>(type.make(config)->hyper("learning_rate").value_or(0));
  char text[32];
  const char* const end = std::to_chars(text, text + sizeof text, rate).ptr;
  double shortest = 0;
  std::from_chars(text, end, shortest);
  return shortest;
}

/// Replaces the decay of Keras 1 and 2, lr / (1 + decay * iterations), by the equivalent schedule of Keras 3.
void replace_decay(nlohmann::json& config, const OptimizerType& type, const std::string& where) {
  if (!config.is_object() || !config.contains("decay") || !had_decay(type.class_name)) return;
  const nlohmann::json decay = config["decay"];
  config.erase("decay");
  if (decay.is_null() || decay == 0) return;
  const bool good = decay.is_number() && std::isfinite(decay.get<double>()) && decay.get<double>() > 0;
  if (!good)
    throw Error(ErrorKind::Model, {"KAIROS-M111", where, "\"decay\" has a value that cannot be used",
                                   brief_json(decay), "a number from 0, such as 1e-4", "Correct it"});
  nlohmann::json rate = config.value("learning_rate", nlohmann::json());
  if (rate.is_object())
    throw Error(ErrorKind::Model,
                {"KAIROS-M112", where, "two schedules would set the learning rate",
                 "decay with learning_rate=" + brief_json(rate), "one of them", "Leave decay out"});
  if (rate.is_null()) rate = default_rate(type);
  config["learning_rate"] = {
      {"class_name", "InverseTimeDecay"},
      {"config", {{"initial_learning_rate", rate}, {"decay_steps", 1}, {"decay_rate", decay}}}};
}

}  // namespace

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const OptimizerType& type : all_optimizers()) names.emplace_back(type.class_name);
  return names;
}

std::string optimizer_note(std::string_view text) {
  const nlohmann::json description = read_description(text);
  const nlohmann::json* config =
      description.is_object() && description.contains("config") ? &description["config"] : &description;
  if (!config->is_object() || !config->contains("decay")) return "";
  const nlohmann::json& decay = (*config)["decay"];
  if (!decay.is_number() || decay == 0) return "";
  return "optimizer " + description.value("class_name", std::string()) + ": decay=" + brief_json(decay) +
         " is read as in Keras 1 and 2, as the schedule InverseTimeDecay: the learning rate of step n, "
         "counted from 0, is "
         "divided by 1 + " +
         brief_json(decay) + " * n";
}

std::unique_ptr<Optimizer> make_optimizer(std::string_view text, UnknownKeys* unknown) {
  const std::vector<std::string> names = optimizer_names();
  if (!is_json(text)) unknown = nullptr;
  const KerasObject object(read_description(text), "optimizer", names, unknown);
  for (const OptimizerType& type : all_optimizers()) {
    if (folded(type.class_name) != folded(object.class_name())) continue;
    const std::string where = "optimizer " + std::string(type.class_name);
    nlohmann::json description = object.config();
    rename_old_arguments(description, where);
    replace_decay(description, type, where);
    ConfigReader config(description, where, {"optimizer", std::string(type.class_name), unknown});
    std::unique_ptr<Optimizer> optimizer = type.make(config);
    config.finish();
    return optimizer;
  }
  object.unknown("KAIROS-M020", "optimizer");
}

}  // namespace kairos::host
