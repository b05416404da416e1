// SPDX-License-Identifier: MIT
// Reads models as the settings say.
#include "cli/inputs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/input_file.hpp"
#include "cli/command.hpp"
#include "cli/known_columns.hpp"
#include "cli/setting_text.hpp"
#include "cli/stored_model.hpp"
#include "io/model_file.hpp"
#include "kairos/host/error.hpp"
#include "nn/compile.hpp"

namespace kairos::host::cli {

namespace {

constexpr std::uint64_t largest_architecture = std::uint64_t{64} << 20;

bool is_model_file(const std::string& model) {
  if (model.starts_with("{")) return false;
  const std::string ending = std::filesystem::path(model).extension().string();
  return ending == ".json" || ending == ".h5" || ending == ".hdf5" || ending == ".keras" ||
         (model.find('(') == std::string::npos && model.find('/') != std::string::npos);
}

/// Empty where it begins without input(…).
std::vector<std::int64_t> shape_of_shorthand(const ModelSource& source) {
  try {
    return port_facts(keras_json(source), "--model").input_shape;
  } catch (const Error& error) {
    if (error.diagnosis().code != "KAIROS-M006") throw;
    return {};
  }
}

double weight_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  throw Error(ErrorKind::Usage, {"KAIROS-U003", "--loss-weight", "the value cannot be read",
                                 "\"" + text + "\"", "a number", "Write --loss-weight OUTPUT=0.5"});
}

void take_flags(CompileOptions& options, const Settings& settings) {
  for (const NamedText& one : settings.by_output("loss"))
    (one.name.empty() ? options.loss : options.outputs[one.name].loss) = one.value;
  for (const NamedText& one : settings.by_output("loss_weight")) {
    if (one.name.empty())
      options.loss_weight = weight_of(one.value);
    else
      options.outputs[one.name].loss_weight = weight_of(one.value);
  }
  for (const NamedText& one : settings.by_output("metrics"))
    (one.name.empty() ? options.metrics : options.outputs[one.name].metrics).push_back(one.value);
  for (const NamedText& one : settings.by_output("weighted_metrics"))
    (one.name.empty() ? options.weighted_metrics : options.outputs[one.name].weighted_metrics)
        .push_back(one.value);
}

/// A flag replaces all that the file has of its kind, and --loss the weights and metrics too.
CompileOptions losses_of_file(const Settings& settings, const GivenModel& given, UnknownKeys& unknown) {
  if (settings.has("loss")) return {};
  const StoredReductions reductions =
      settings.has("loss_reduction") ? StoredReductions::Drop : StoredReductions::Keep;
  CompileOptions options =
      stored_losses(given.training_config, given.ports.outputs, settings.text("model"), unknown, reductions);
  const bool weight = settings.has("loss_weight");
  const bool metrics = settings.has("metrics");
  const bool weighted = settings.has("weighted_metrics");
  if (weight) options.loss_weight = 1;
  if (metrics) options.metrics.clear();
  if (weighted) options.weighted_metrics.clear();
  for (auto& [name, own] : options.outputs) {
    if (weight) own.loss_weight.reset();
    if (metrics) own.metrics.clear();
    if (weighted) own.weighted_metrics.clear();
  }
  return options;
}

CompileOptions compile_options(const Settings& settings, const GivenModel& given, Purpose purpose,
                               UnknownKeys& unknown) {
  CompileOptions options;
  if (purpose != Purpose::Predict) {
    options = losses_of_file(settings, given, unknown);
    take_flags(options, settings);
    if (settings.has("loss_reduction"))
      options.loss_reduction = loss_reduction(settings.text("loss_reduction"));
    if (options.loss.empty() && options.outputs.empty())
      require(settings, "loss", "Name one, such as --loss mse");
  }
  if (purpose == Purpose::Train) {
    if (settings.has("optimizer"))
      options.optimizer = settings.text("optimizer");
    else if (std::string stored = stored_optimizer(given.training_config, settings.text("model"));
             !stored.empty())
      options.optimizer = std::move(stored);
  }
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
  options.precision = precision(settings.text("precision"));
  return options;
}

/// Brings the optimizer to where the file left it, or says why it starts anew.
void continue_optimizer(Model& model, const Settings& settings, const GivenModel& given) {
  if (!given.file || given.file->optimizer.empty()) return;
  const std::string name = settings.text("model");
  const auto say = [&](Level level, const std::string& why) {
    console_messages()(level, "", "the optimizer starts anew, because " + why);
  };
  if (settings.has("optimizer"))
    say(Level::Info, "--optimizer is given: its state in " + name + " is left out");
  else if (settings.has("weights"))
    say(Level::Info, "--weights is given: its state in " + name + " is that of other weights");
  else if (!restore_optimizer(model, *given.file))
    say(Level::Warning, "its variables in " + name + " are those of another one");
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
  if (fs::is_directory(directory, error) && ::access(directory.c_str(), W_OK | X_OK) == 0) {
    // Root may write anywhere, but not every file system takes files; one is begun and given up.
    if (directory == path.parent_path()) const AtomicFile attempt(path);
    return;
  }
  throw Error(ErrorKind::File,
              {"KAIROS-F061", flag + " " + file, "no file can be made in " + directory.string(),
               fs::is_directory(directory, error) ? std::strerror(EACCES) : std::strerror(ENOTDIR),
               "a directory that can be written to", "Choose another place"});
}

GivenModel read_given_model(const Settings& settings) {
  GivenModel given;
  const std::string model = settings.text("model");
  given.source.strict = settings.is_on("strict");
  given.source.messages = console_messages();
  if (is_model_file(model)) given.source.name = model;
  const bool is_json = std::filesystem::path(model).extension() == ".json";
  given.has_weights = is_model_file(model) && !is_json;
  if (given.has_weights) {
    given.file = read_model_file(model, JsonFile::Taken);
    const ModelFile& file = *given.file;
    if (file.architecture_json.empty())
      throw Error(ErrorKind::Model, {"KAIROS-M095", model, "the file holds weights and no model", "", "",
                                     "Give the architecture with --model and this file with --weights"});
    given.source.text = file.architecture_json;
    given.training_config = file.training_config_json;
    given.ports = port_facts(given.source.text, model);
  } else if (is_model_file(model)) {
    given.source.file = model;
    given.ports = port_facts(read_file(model, largest_architecture), model);
  } else {
    given.source.text = model;
    // Pictures are resized to what the model takes; for all else a shorthand need not be built before its
    // data.
    std::error_code ignored;
    const bool needs_shape =
        std::filesystem::is_directory(settings.text("data"), ignored) && !settings.has("image_size");
    if (model.starts_with("{"))
      given.ports = port_facts(model, "--model");
    else if (needs_shape)
      given.ports.input_shape = shape_of_shorthand(given.source);
  }
  given.ports.input_columns = known_columns(settings, given);
  return given;
}

std::unique_ptr<Model> make_model(const Settings& settings, GivenModel given, const Dataset& data,
                                  Purpose purpose) {
  UnknownKeys unknown(given.source.strict);
  const CompileOptions options = compile_options(settings, given, purpose, unknown);
  if (data.inputs.size() == 1) {
    const std::vector<std::int64_t>& shape = data.inputs.front().array.shape;
    given.source.input_shape.assign(shape.begin() + 1, shape.end());
    if (given.source.input_shape.empty()) given.source.input_shape = {1};
  }
  for (const NamedArray& input : data.inputs)
    given.source.input_shapes[input.name] = {input.array.shape.begin() + 1, input.array.shape.end()};
  std::unique_ptr<Model> model = compile(given.source, options, unknown);
  warn_unknown_keys(unknown, given.source);
  if (given.has_weights) model->load_weights(settings.text("model"));
  if (settings.has("weights")) model->load_weights(settings.text("weights"));
  tell_model_columns(*model, given.ports.input_columns);
  if (purpose == Purpose::Train) {
    continue_optimizer(*model, settings, given);
    if (const std::string note = optimizer_note(options.optimizer); !note.empty())
      console_messages()(Level::Info, "", note);
  }
  return model;
}

}  // namespace kairos::host::cli
