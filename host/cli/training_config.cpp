// SPDX-License-Identifier: MIT
// Turns the training configuration back into the names that `compile` takes.
#include "cli/training_config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/json.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/error.hpp"
#include "nn/keras/config_reader.hpp"
#include "nn/keras/object.hpp"
#include "nn/losses.hpp"
#include "nn/metrics.hpp"

namespace kairos::host::cli {

namespace {

[[noreturn]] void cannot_keep(const std::string& name, const char* key, const nlohmann::json& value) {
  constexpr std::size_t longest = 80;
  throw Error(ErrorKind::Model,
              {"KAIROS-M096", name,
               std::string("the training configuration holds a \"") + key + "\" that cannot be kept",
               value.dump().substr(0, longest), "names, and objects of class and arguments",
               "Leave it out with --drop-training"});
}

/// Losses have names too, but the logs do not show them.
enum class Names { Drop, Keep };

/// An unknown class is rejected later, with its name.
bool is_known(const std::string& class_name) {
  return is_loss_name(class_name) || metric_direction(class_name) != Direction::Unknown;
}

void check_keys(const nlohmann::json& object, const std::string& class_name, const std::string& where,
                UnknownKeys& unknown) {
  if (!is_known(class_name)) return;
  check_entry_keys(object, class_name, where, &unknown);
  const nlohmann::json config = object.value("config", nlohmann::json::object());
  ConfigReader(config, where, {"loss", class_name, &unknown}).finish();
}

/// "binary_crossentropy", or "BinaryCrossentropy(from_logits=true)" for an object.
std::string call_text(const std::string& name, const char* key, const nlohmann::json& value, Names names,
                      UnknownKeys& unknown) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object() || !value.contains("class_name") || !value["class_name"].is_string())
    cannot_keep(name, key, value);
  const nlohmann::json config = value.value("config", nlohmann::json::object());
  if (value["class_name"] == "function" && config.is_string()) return config.get<std::string>();
  std::string arguments;
  if (!config.is_object()) cannot_keep(name, key, value);
  std::string class_name = value["class_name"].get<std::string>();
  // Keras stores the function of a loss or metric next to its class, which may only be a wrapper.
  nlohmann::json function = config.value("fn", nlohmann::json());
  if (function.is_object()) function = function.value("config", nlohmann::json());
  if (class_name.ends_with("Wrapper") && function.is_string()) class_name = function.get<std::string>();
  check_keys(value, class_name, name + ": " + key + " " + class_name, unknown);
  for (const auto& [argument, given] : config.items()) {
    const bool usual = (is_known(class_name) && find_key_rule("loss", class_name, argument) == nullptr) ||
                       (argument == "name" && names == Names::Drop) || argument == "dtype" ||
                       argument == "fn" ||
                       (given.is_null() && argument != "reduction" && argument != "class_aggregation") ||
                       (argument == "reduction" && (given == "sum_over_batch_size" || given == "auto"));
    if (!usual) arguments += (arguments.empty() ? "" : ",") + argument + "=" + given.dump();
  }
  return arguments.empty() ? class_name : class_name + "(" + arguments + ")";
}

/// What Keras takes for one output, for several as an object by name or as a list in their order.
class ByOutput {
 public:
  ByOutput(const nlohmann::json& config, const char* key, const std::vector<std::string>& outputs,
           const std::string& name, UnknownKeys& unknown)
      : key_(key), name_(name), unknown_(unknown) {
    if (!config.contains(key) || config[key].is_null()) return;
    const nlohmann::json& value = config[key];
    const bool by_name = value.is_object() && !value.contains("class_name");
    if (by_name) {
      for (const auto& [output, one] : value.items()) values_.emplace_back(output, one);
    } else if (value.is_array() && outputs.size() > 1) {
      if (value.size() != outputs.size()) cannot_keep(name, key, value);
      for (std::size_t i = 0; i < outputs.size(); ++i) values_.emplace_back(outputs[i], value[i]);
    } else {
      values_.emplace_back("", value);
    }
  }

  [[nodiscard]] const auto& values() const { return values_; }

  [[nodiscard]] std::string text(const nlohmann::json& value, StoredReductions reductions) const {
    nlohmann::json one = value.is_array() && value.size() == 1 ? value[0] : value;
    if (reductions == StoredReductions::Drop && one.is_object() && one.contains("config") &&
        one["config"].is_object())
      one["config"].erase("reduction");
    return one.is_null() ? "none" : call_text(name_, key_, one, Names::Drop, unknown_);
  }
  [[nodiscard]] double number(const nlohmann::json& value) const {
    const nlohmann::json& one = value.is_array() && value.size() == 1 ? value[0] : value;
    if (!one.is_number()) cannot_keep(name_, key_, value);
    return one.get<double>();
  }
  /// A name, a list of names, or a list of one list.
  [[nodiscard]] std::vector<std::string> texts(const nlohmann::json& value) const {
    std::vector<std::string> texts;
    if (value.is_null()) return texts;
    const bool wrapped = value.is_array() && value.size() == 1 && value[0].is_array();
    const nlohmann::json& list = wrapped ? value[0] : value;
    if (!list.is_array()) return {call_text(name_, key_, list, Names::Keep, unknown_)};
    for (const nlohmann::json& one : list)
      if (!one.is_null()) texts.push_back(call_text(name_, key_, one, Names::Keep, unknown_));
    return texts;
  }

 private:
  const char* key_;
  const std::string& name_;
  UnknownKeys& unknown_;
  std::vector<std::pair<std::string, nlohmann::json>> values_;
};

nlohmann::json parse_training(const std::string& training_config, const std::string& name) {
  if (training_config.empty()) return nlohmann::json::object();
  nlohmann::json config = parse_json(training_config, name + ": training configuration");
  return config.is_object() ? config : nlohmann::json::object();
}

}  // namespace

CompileOptions stored_losses(const std::string& training_config, const std::vector<std::string>& outputs,
                             const std::string& name, UnknownKeys& unknown, StoredReductions reductions) {
  CompileOptions options;
  const nlohmann::json config = parse_training(training_config, name);
  ConfigReader reader(config, name + ": training configuration", {"compile", "", &unknown});
  for (const char* key : {"loss", "loss_weights", "metrics", "weighted_metrics", "optimizer_config"})
    reader.skip(key);
  reader.finish();
  if (!config.contains("loss") || config["loss"].is_null()) return options;
  const ByOutput loss(config, "loss", outputs, name, unknown);
  for (const auto& [output, value] : loss.values())
    (output.empty() ? options.loss : options.outputs[output].loss) = loss.text(value, reductions);
  const ByOutput weight(config, "loss_weights", outputs, name, unknown);
  for (const auto& [output, value] : weight.values()) {
    if (output.empty())
      options.loss_weight = weight.number(value);
    else
      options.outputs[output].loss_weight = weight.number(value);
  }
  const ByOutput metrics(config, "metrics", outputs, name, unknown);
  for (const auto& [output, value] : metrics.values())
    (output.empty() ? options.metrics : options.outputs[output].metrics) = metrics.texts(value);
  const ByOutput weighted(config, "weighted_metrics", outputs, name, unknown);
  for (const auto& [output, value] : weighted.values())
    (output.empty() ? options.weighted_metrics : options.outputs[output].weighted_metrics) =
        weighted.texts(value);
  return options;
}

std::string stored_optimizer(const std::string& training_config, const std::string& name) {
  const nlohmann::json config = parse_training(training_config, name);
  const auto found = config.find("optimizer_config");
  return found == config.end() || found->is_null() ? "" : found->dump();
}

bool restore_optimizer(Model& model, const ModelFile& file) {
  const std::span<const TensorRef> slots = model.tensors(Role::Slot);
  const bool fits = std::equal(
      slots.begin(), slots.end(), file.optimizer.begin(), file.optimizer.end(),
      [](const TensorRef& slot, const NamedArray& stored) { return slot.shape == stored.array.shape; });
  if (!fits) return false;
  for (std::size_t i = 0; i < slots.size(); ++i)
    std::copy(file.optimizer[i].array.values.begin(), file.optimizer[i].array.values.end(), slots[i].data);
  model.tensors_written(Role::Slot);
  model.set_iterations(file.iterations.value_or(model.iterations()));
  return true;
}

}  // namespace kairos::host::cli
