// SPDX-License-Identifier: MIT
// From settings to a compiled model.
#include "cli/load_model.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/input_file.hpp"
#include "cli/column_names.hpp"
#include "cli/command.hpp"
#include "cli/training_config.hpp"
#include "kairos/host/error.hpp"
#include "nn/compile.hpp"
#include "nn/optimizer.hpp"

namespace kairos::host::cli {

namespace {

constexpr std::uint64_t largest_architecture = std::uint64_t{64} << 20;

/// Empty if it does not begin with input(…).
std::vector<std::int64_t> shape_of_shorthand(const ModelSource& source) {
  try {
    return port_facts(keras_json(source), "--model").input_shape;
  } catch (const Error& error) {
    if (error.diagnosis().code != "KAIROS-M006") throw;
    return {};
  }
}

void take_flags(CompileOptions& options, const Settings& settings) {
  for (const NamedText& one : settings.by_output("loss"))
    (one.name.empty() ? options.loss : options.outputs[one.name].loss) = one.value;
  for (const NamedNumber& one : settings.numbers_by_output("loss_weight")) {
    if (one.name.empty())
      options.loss_weight = one.value;
    else
      options.outputs[one.name].loss_weight = one.value;
  }
  for (const NamedText& one : settings.by_output("metrics"))
    (one.name.empty() ? options.metrics : options.outputs[one.name].metrics).push_back(one.value);
  for (const NamedText& one : settings.by_output("weighted_metrics"))
    (one.name.empty() ? options.weighted_metrics : options.outputs[one.name].weighted_metrics)
        .push_back(one.value);
}

/// A flag replaces all values of its kind in the file; --loss also replaces the weights and metrics.
CompileOptions losses_of_file(const Settings& settings, ModelInput& input) {
  if (settings.has("loss")) return {};
  const StoredReductions reductions =
      settings.has("loss_reduction") ? StoredReductions::Drop : StoredReductions::Keep;
  CompileOptions options =
      stored_losses(input.training_config(), input.ports.outputs, input.name, input.unknown, reductions);
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

/// Whether --optimizer names the optimizer of the file, with any learning rate: callbacks may have changed
/// it.
bool is_same_optimizer(const Settings& settings, const ModelInput& input) {
  const std::string stored = stored_optimizer(input.training_config(), input.name);
  if (stored.empty() || !settings.has("optimizer")) return false;
  const auto described = [](const std::string& text) {
    nlohmann::json json = make_optimizer(text)->json();
    nlohmann::json& rate = json["config"]["learning_rate"];
    if (rate.is_number()) rate = nullptr;
    return json;
  };
  return described(settings.text("optimizer")) == described(stored);
}

/// Restores the state of the optimizer from the file, or says why it is ignored.
void continue_optimizer(Model& model, const Settings& settings, const ModelInput& input) {
  if (!input.file || input.file->optimizer.empty()) return;
  const auto say = [&](Level level, const std::string& why) {
    console_messages()(level, "", "the optimizer's state in " + input.name + " is ignored, because " + why);
  };
  const bool is_same = settings.integer("initial_epoch") > 0 && is_same_optimizer(settings, input);
  if (settings.has("optimizer") && !is_same)
    say(Level::Info, "--optimizer is given");
  else if (settings.has("weights"))
    say(Level::Info, "--weights is given and it belongs to other weights");
  else if (const auto given = model.hyper("learning_rate"); !restore_optimizer(model, *input.file))
    say(Level::Warning, "its variables belong to another optimizer");
  else if (is_same && !settings.is_configured("optimizer") && model.hyper_fault("learning_rate").empty())
    model.set_hyper("learning_rate", *given);  // the flag says so, after the callbacks of the earlier run
}

/// An output without a loss needs no target in the data. If none has one, compiling says what is wrong.
void drop_untrained_outputs(const CompileOptions& options, std::vector<std::string>& outputs) {
  std::vector<std::string> trained = outputs;
  std::erase_if(trained, [&](const std::string& name) {
    const auto own = options.outputs.find(name);
    const bool has_own = own != options.outputs.end() && !own->second.loss.empty();
    const std::string& loss = has_own ? own->second.loss : options.loss;
    return loss.empty() || loss == "none" || loss == "None";
  });
  if (!trained.empty()) outputs = std::move(trained);
}

}  // namespace

CompileOptions compile_options(const Settings& settings, ModelInput& input, Purpose purpose) {
  CompileOptions options;
  if (purpose != Purpose::Predict) {
    options = losses_of_file(settings, input);
    take_flags(options, settings);
    if (settings.has("loss_reduction"))
      options.loss_reduction = loss_reduction(settings.text("loss_reduction"));
    if (options.loss.empty() && options.outputs.empty())
      settings.require("loss", "Name one, such as --loss mse");
    drop_untrained_outputs(options, input.ports.outputs);
  }
  if (purpose == Purpose::Train) {
    options.synchronizes_batch_norm = settings.is_on("sync_batch_norm");
    if (settings.has("optimizer"))
      options.optimizer = settings.text("optimizer");
    else if (std::string stored = stored_optimizer(input.training_config(), input.name); !stored.empty())
      options.optimizer = std::move(stored);
  }
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
  options.precision = precision(settings.text("precision"));
  return options;
}

ModelInput read_model(const Settings& settings) {
  const std::string model = settings.text("model");
  ModelInput input = open_model(model);
  require_architecture(input, "Give the architecture with --model and this file with --weights");
  input.source.strict = settings.is_on("strict");
  input.unknown = UnknownKeys(input.source.strict);
  input.source.messages = console_messages();
  if (input.file) {
    input.ports = port_facts(input.source.text, model);
  } else if (!input.source.file.empty()) {
    input.ports = port_facts(read_file(model, largest_architecture), model);
  } else if (model.starts_with("{")) {
    input.ports = port_facts(model, "--model");
  } else {
    // Images are resized to the input of the model; for all other data a shorthand need not be built before
    // its data is read.
    std::error_code ignored;
    if (std::filesystem::is_directory(settings.text("data"), ignored) && !settings.has("image_size"))
      input.ports.input_shape = shape_of_shorthand(input.source);
  }
  if (settings.has("weights") && may_hold_columns(settings.text("weights")))
    input.weights = read_model_file(settings.text("weights"));
  input.ports.input_columns = known_columns(settings, input);
  return input;
}

std::unique_ptr<Model> make_model(const Settings& settings, ModelInput input, const CompileOptions& options,
                                  const Dataset& data, Purpose purpose) {
  if (data.inputs.size() == 1) {
    const std::vector<std::int64_t>& shape = data.inputs.front().array.shape;
    input.source.input_shape.assign(shape.begin() + 1, shape.end());
    if (input.source.input_shape.empty()) input.source.input_shape = {1};
  }
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    const NamedArray& one = data.inputs[i];
    const bool by_order = one.name.empty() && i < input.ports.inputs.size();
    input.source.input_shapes[by_order ? input.ports.inputs[i] : one.name] = {one.array.shape.begin() + 1,
                                                                              one.array.shape.end()};
  }
  std::unique_ptr<Model> model = compile(input.source, options, input.unknown);
  warn_unknown_keys(input.unknown, input.source);
  if (input.file) set_weights(*model, *input.file, input.name);
  if (input.weights)
    set_weights(*model, *input.weights, settings.text("weights"));
  else if (settings.has("weights"))
    model->load_weights(settings.text("weights"));
  tell_model_columns(*model, input.ports.input_columns);
  if (purpose == Purpose::Train) {
    continue_optimizer(*model, settings, input);
    if (const std::string note = optimizer_note(options.optimizer); !note.empty())
      console_messages()(Level::Info, "", note);
  }
  return model;
}

}  // namespace kairos::host::cli
