// SPDX-License-Identifier: MIT
// Reads data and models as the settings say.
#include "cli/inputs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/json.hpp"
#include "io/model_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

HeaderPolicy header_policy(const std::string& text) {
  if (text == "detect") return HeaderPolicy::Detect;
  if (text == "true") return HeaderPolicy::Present;
  if (text == "false") return HeaderPolicy::Absent;
  throw Error(ErrorKind::Usage,
              {"KAIROS-U003", "--header", "the value is none of the choices", "\"" + text + "\"",
               "detect, true or false", suggest(text, {"detect", "true", "false"})});
}

char delimiter_of(const std::string& text) {
  if (text.empty()) return '\0';
  if (text == "\\t" || text == "tab") return '\t';
  if (text.size() == 1) return text.front();
  throw Error(ErrorKind::Usage, {"KAIROS-U003", "--delimiter", "the value is no single character",
                                 "\"" + text + "\"", "one character, or tab", "Write --delimiter ';'"});
}

bool is_model_file(const std::string& model) {
  if (model.starts_with("{")) return false;
  const std::string ending = std::filesystem::path(model).extension().string();
  return ending == ".json" || ending == ".h5" || ending == ".hdf5" || ending == ".keras" ||
         (model.find('(') == std::string::npos && model.find('/') != std::string::npos);
}

/// Loss and metrics that a compiled Keras file carries, where the user gives none.
void take_training_config(CompileOptions& options, const Settings& settings, const std::string& json) {
  if (json.empty()) return;
  const nlohmann::json config = parse_json(json, "training_config");
  if (options.loss.empty() && config.contains("loss") && config["loss"].is_string())
    options.loss = config["loss"].get<std::string>();
  if (!settings.has("loss") && options.metrics.empty() && config.contains("metrics") &&
      config["metrics"].is_array())
    for (const nlohmann::json& metric : config["metrics"])
      if (metric.is_string()) options.metrics.push_back(metric.get<std::string>());
}

CompileOptions compile_options(const Settings& settings, Purpose purpose) {
  CompileOptions options;
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
  if (purpose == Purpose::Predict) return options;
  options.loss = settings.text("loss");
  options.metrics = settings.list("metrics");
  options.weighted_metrics = settings.list("weighted_metrics");
  options.loss_reduction = loss_reduction(settings.text("loss_reduction"));
  if (purpose == Purpose::Train) options.optimizer = settings.text("optimizer");
  return options;
}

}  // namespace

void require(const Settings& settings, const char* key, const char* cure) {
  if (settings.has(key)) return;
  std::string flag = std::string("--") + key;
  throw Error(ErrorKind::Usage, {"KAIROS-U005", flag, "this setting is missing", "", "", cure});
}

void require_writable(const std::string& file, const std::string& flag) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path path = fs::absolute(file, error);
  if (fs::is_directory(path, error))
    throw Error(ErrorKind::File, {"KAIROS-F061", flag + " " + file, "a directory has this name", "",
                                  "a name for a file", "Add a file name"});
  // The nearest directory that exists decides: those below it would be made.
  fs::path directory = path.parent_path();
  while (!fs::exists(directory, error) && directory.has_relative_path()) directory = directory.parent_path();
  if (fs::is_directory(directory, error) && ::access(directory.c_str(), W_OK | X_OK) == 0) return;
  throw Error(ErrorKind::File,
              {"KAIROS-F061", flag + " " + file, "no file can be made in " + directory.string(),
               fs::is_directory(directory, error) ? std::strerror(EACCES) : std::strerror(ENOTDIR),
               "a directory that can be written to", "Choose another place"});
}

LoadedData load(const Settings& settings, const std::string& file, Purpose purpose) {
  DataSpec spec;
  spec.file = file;
  spec.target = settings.text("target");
  spec.sample_weight = settings.text("sample_weight");
  spec.target_use = purpose == Purpose::Predict ? TargetUse::Optional : TargetUse::Required;
  spec.header = header_policy(settings.text("header"));
  spec.delimiter = delimiter_of(settings.text("delimiter"));
  return load_data(spec);
}

std::unique_ptr<Model> make_model(const Settings& settings, const Dataset& data, Purpose purpose) {
  const std::string given = settings.text("model");
  const std::string ending = std::filesystem::path(given).extension().string();
  CompileOptions options = compile_options(settings, purpose);
  ModelSource source;
  const std::vector<std::int64_t>& shape = data.inputs.front().array.shape;
  source.input_shape.assign(shape.begin() + 1, shape.end());
  if (source.input_shape.empty()) source.input_shape = {1};

  const bool has_weights = is_model_file(given) && ending != ".json";
  if (has_weights) {
    const ModelFile file = read_model_file(given);
    if (file.architecture_json.empty())
      throw Error(ErrorKind::Model, {"KAIROS-M095", given, "the file holds weights and no model", "", "",
                                     "Give the architecture with --model and this file with --weights"});
    source.text = file.architecture_json;
    if (purpose != Purpose::Predict) take_training_config(options, settings, file.training_config_json);
  } else if (is_model_file(given)) {
    source.file = given;
  } else {
    source.text = given;
  }
  if (purpose != Purpose::Predict && options.loss.empty())
    require(settings, "loss", "Name one, such as --loss mse");
  std::unique_ptr<Model> model = compile(source, options);
  if (has_weights) model->load_weights(given);
  if (settings.has("weights")) model->load_weights(settings.text("weights"));
  return model;
}

}  // namespace kairos::host::cli
