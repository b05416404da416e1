// SPDX-License-Identifier: MIT
// Reads what Keras keeps of a compiled model back into the words that `compile` takes.
#include "cli/stored_model.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

#include "io/json.hpp"
#include "kairos/host/error.hpp"

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

/// "binary_crossentropy", or "BinaryCrossentropy(from_logits=true)" for an object.
std::string call_text(const std::string& name, const char* key, const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object() || !value.contains("class_name") || !value["class_name"].is_string())
    cannot_keep(name, key, value);
  std::string arguments;
  const nlohmann::json config = value.value("config", nlohmann::json::object());
  if (!config.is_object()) cannot_keep(name, key, value);
  for (const auto& [argument, given] : config.items()) {
    const bool usual = argument == "name" || argument == "dtype" || given.is_null() ||
                       (argument == "reduction" && given == "sum_over_batch_size");
    if (!usual) arguments += (arguments.empty() ? "" : ",") + argument + "=" + given.dump();
  }
  const std::string class_name = value["class_name"].get<std::string>();
  return arguments.empty() ? class_name : class_name + "(" + arguments + ")";
}

std::vector<std::string> metric_texts(const std::string& name, const char* key,
                                      const nlohmann::json& config) {
  std::vector<std::string> texts;
  if (!config.contains(key) || config[key].is_null()) return texts;
  if (!config[key].is_array()) cannot_keep(name, key, config[key]);
  for (const nlohmann::json& metric : config[key]) texts.push_back(call_text(name, key, metric));
  return texts;
}

bool is_file_name(const std::string& name) {
  std::string ending = std::filesystem::path(name).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return ending == ".keras" || ending == ".h5" || ending == ".hdf5" || ending == ".npz" ||
         name.find('(') == std::string::npos;
}

}  // namespace

StoredModel open_model(const std::string& name) {
  StoredModel stored;
  stored.name = name;
  if (name.ends_with(".json")) {
    stored.source.file = name;
  } else if (is_file_name(name)) {
    stored.file = read_model_file(name);
    stored.source.text = stored.file->architecture_json;
  } else {
    stored.source.text = name;
  }
  return stored;
}

CompileOptions stored_options(const ModelFile& file, const std::string& name) {
  CompileOptions options;
  if (file.training_config_json.empty()) return options;
  const nlohmann::json config = parse_json(file.training_config_json, name + ": training configuration");
  if (!config.is_object() || !config.contains("loss") || config["loss"].is_null()) return options;
  options.loss = call_text(name, "loss", config["loss"]);
  if (config.contains("loss_weights") && !config["loss_weights"].is_null())
    cannot_keep(name, "loss_weights", config["loss_weights"]);
  options.metrics = metric_texts(name, "metrics", config);
  options.weighted_metrics = metric_texts(name, "weighted_metrics", config);
  if (config.contains("optimizer_config")) options.optimizer = config["optimizer_config"].dump();
  return options;
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
  if (file.iterations) model.set_iterations(*file.iterations);
  return true;
}

}  // namespace kairos::host::cli
