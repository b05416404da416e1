// SPDX-License-Identifier: MIT
// kairos fit.
#include "kairos/host/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <exception>
#include <filesystem>
#include <map>

#include "cli/class_numbers.hpp"
#include "cli/class_weights.hpp"
#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/run_directory.hpp"
#include "cli/setting_text.hpp"
#include "io/atomic_file.hpp"
#include "io/input_file.hpp"
#include "kairos/host/error.hpp"
#include "train/prepare.hpp"

namespace kairos::host::cli {

namespace {

[[noreturn]] void bad_value(const char* flag, const std::string& found, const char* expected,
                            const std::string& cure) {
  throw Error(ErrorKind::Usage,
              {"KAIROS-U003", flag, "the value cannot be read", "\"" + found + "\"", expected, cure});
}

Shuffle shuffle_of(const std::string& text) {
  if (text == "true" || text == "True") return Shuffle::Samples;
  if (text == "false" || text == "False") return Shuffle::None;
  if (text == "batch") return Shuffle::Batches;
  bad_value("--shuffle", text, "true, false or batch", suggest(text, {"true", "false", "batch"}));
}

void read_validation_freq(const std::string& text, FitOptions& options) {
  std::vector<std::int64_t> epochs;
  for (const std::string& part : split_list(text)) {
    const auto epoch = number_from<std::int64_t>(part);
    if (!epoch)
      bad_value("--validation-freq", text, "a number, or epochs with commas between them",
                "Write --validation-freq 2");
    epochs.push_back(*epoch);
  }
  // "2" is a frequency, "2," a list of one epoch.
  if (epochs.size() == 1 && text.back() != ',')
    options.validation_freq = epochs.front();
  else
    options.validation_epochs.insert(epochs.begin(), epochs.end());
}

FitOptions fit_options(const Settings& settings) {
  FitOptions options;
  options.epochs = settings.integer("epochs");
  options.initial_epoch = settings.integer("initial_epoch");
  options.batch_size = settings.integer("batch_size");
  options.shuffle = shuffle_of(settings.text("shuffle"));
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
  if (settings.has("validation_split")) options.validation_split = settings.number("validation_split");
  read_validation_freq(settings.text("validation_freq"), options);
  options.validation_batch_size = settings.integer("validation_batch_size");
  options.validation_steps = settings.integer("validation_steps");
  options.steps_per_epoch = settings.integer("steps_per_epoch");
  options.messages = console_messages();
  check_fit_options(options);
  return options;
}

/// --verbose 1 and 2 are the plugin ProgbarLogger, last in the user's order as in Keras, unless the user
/// placed one. A host without that plugin trains all the same.
void add_progress(std::vector<PluginSpec>& specs, const std::string& verbose, const Catalog& catalog) {
  if (verbose == "0") return;
  if (verbose != "1" && verbose != "2") bad_value("--verbose", verbose, "0, 1 or 2", "Write --verbose 1");
  constexpr std::string_view progress = "kairos.ProgbarLogger";
  for (const PluginSpec& spec : specs)
    if (catalog.find(spec).callback->id == progress) return;
  const bool found = std::ranges::any_of(catalog.plugins(), [&](const Plugin& plugin) {
    return std::ranges::any_of(plugin.manifest.callbacks,
                               [&](const auto& one) { return one.id == progress; });
  });
  if (!found) {
    console_messages()(Level::Warning, "",
                       "the plugin ProgbarLogger is not found, so that no progress is shown. "
                       "Name its directory with --plugin-dir, or say --verbose 0");
    return;
  }
  specs.push_back(parse_plugin_spec("kairos.ProgbarLogger:verbose=" + verbose));
}

/// The state does not know its epoch, and a run that counts anew writes over what the earlier one logged.
void read_callback_state(const Settings& settings, FitOptions& options) {
  if (!settings.has("callback_state")) return;
  if (options.initial_epoch == 0)
    throw Error(ErrorKind::Usage, {"KAIROS-U008", "--callback-state",
                                   "a run that goes on must know the epoch that it goes on from",
                                   "--initial-epoch 0", "the number of epochs that the earlier run trained",
                                   "Add --initial-epoch; history.json of the earlier run lists its epochs"});
  options.callback_state = read_file(settings.text("callback_state"));
}

/// Who ended the run; --verbose 0 leaves it to the History.
void print_stop(const Settings& settings, const History& history) {
  if (history.end == RunEnd::Stopped && history.stop && settings.text("verbose") != "0")
    print(fmt::format("Stopped by {}: {}\n", history.stop->instance, history.stop->reason));
}

/// A flag that names what the model is saved as when the run ends.
struct FinalSave {
  const char* key;
  const char* flag;
  SaveContent content;
  const char* endings;
};
constexpr FinalSave final_saves[]{
    {"save_model", "--save-model", SaveContent::Model, ".keras or .h5"},
    {"save_weights", "--save-weights", SaveContent::Weights, ".npz, .h5 or .weights.h5"},
};

void check_final_save(const Settings& settings, const Model& model, const FinalSave& save) {
  if (!settings.has(save.key)) return;
  const std::string file = settings.text(save.key);
  if (const std::string fault = model.save_fault(file, save.content); !fault.empty())
    throw Error(ErrorKind::Usage, {"KAIROS-U006", save.flag + (" " + file), fault, "", "",
                                   std::string("Choose ") + save.endings});
  require_writable(file, save.flag);
}

/// The files that a run leaves are neither its data nor one another. A model may take the place of the one
/// that the run began with.
void check_places(const Settings& settings) {
  std::map<std::filesystem::path, std::string> taken;
  for (const char* key : {"save_model", "save_weights", "history"}) {
    if (!settings.has(key)) continue;
    const std::string file = settings.text(key), flag = flag_of(key);
    require_not_read(settings,
                     {"data", "input", "target", "sample_weight", "class_names", "validation_data",
                      "validation_input", "validation_target", "validation_sample_weight"},
                     file, flag);
    std::error_code ignored;
    const std::filesystem::path whole = std::filesystem::absolute(file, ignored);
    const auto [place, is_new] = taken.emplace(std::filesystem::weakly_canonical(whole, ignored), flag);
    if (!is_new) refuse_place_of(place->second, file, flag);
  }
}

/// Every place that will be written at the end, checked before the first batch.
void check_outputs(const Settings& settings, const Model& model) {
  if (settings.has("history")) {
    check_history_ending(settings.text("history"));
    require_writable(settings.text("history"), "--history");
  }
  for (const FinalSave& save : final_saves) check_final_save(settings, model, save);
  check_places(settings);
}

/// Writes all that was asked for; what fails keeps nothing else from being written, and is thrown at the end.
void write_outputs(const Settings& settings, const FitOptions& options, Model& model,
                   const History& history) {
  std::exception_ptr first;
  const auto attempt = [&](auto&& write) {
    try {
      write();
    } catch (const Error&) {
      if (!first) first = std::current_exception();
    }
  };
  for (const FinalSave& save : final_saves)
    if (settings.has(save.key)) attempt([&] { model.save(settings.text(save.key), save.content); });
  if (settings.has("history")) attempt([&] { write_history(history, settings.text("history")); });
  if (!options.run_directory.empty()) {
    attempt([&] { write_history(history, options.run_directory / "history.json"); });
    attempt([&] { write_file(options.run_directory / "callback_state", history.callback_state); });
  }
  if (first) std::rethrow_exception(first);
}

/// Files of the command that an interrupted run has written, with commas between them; "" for none.
std::string saved_text(const Settings& settings) {
  std::string text;
  for (const char* key : {"save_model", "save_weights", "history", "run_dir"})
    if (settings.has(key)) text += (text.empty() ? "" : ", ") + settings.text(key);
  return text;
}

/// Flags that take up a run before epoch `next`; "" if no weights were saved.
std::string flags_to_go_on(const Settings& settings, std::int64_t next) {
  std::string flags;
  if (settings.has("save_model"))
    flags = "--model " + settings.text("save_model");
  else if (settings.has("save_weights"))
    flags = "--weights " + settings.text("save_weights");
  else
    return "";
  flags += fmt::format(" --initial-epoch {}", next);
  if (settings.has("run_dir") && next > 0)
    flags +=
        " --callback-state " + (std::filesystem::path(settings.text("run_dir")) / "callback_state").string();
  return flags;
}

/// An interrupted run says how far it came and how it goes on.
void tell_interrupt(const Settings& settings, const FitOptions& options, const History& history) {
  if (history.end != RunEnd::Interrupted) return;
  const std::int64_t next = history.epochs.empty() ? options.initial_epoch : history.epochs.back() + 1;
  const bool all = next >= options.epochs;
  const std::string saved = saved_text(settings), flags = flags_to_go_on(settings, next);
  std::string text =
      fmt::format("interrupted by {} {}; ", options.interrupted->load() == SIGINT ? "SIGINT" : "SIGTERM",
                  all ? "after the last epoch"
                      : fmt::format("before the end of epoch {} of {}", next + 1, options.epochs));
  text += saved.empty() ? "nothing was saved at the end" : "saved: " + saved;
  if (!all)
    text += flags.empty() ? ". --save-model would have kept what a run goes on from"
                          : ". The run goes on with " + flags;
  options.messages(Level::Warning, "", text);
}

void warn_of_nothing_to_train(const FitOptions& options) {
  if (options.initial_epoch < options.epochs) return;
  options.messages(Level::Warning, "",
                   fmt::format("nothing to train: --epochs {} is not above --initial-epoch {}; --epochs is "
                               "the number of the last epoch, not how many more",
                               options.epochs, options.initial_epoch));
}

/// The order that Keras has, over a file that is not made for it.
void warn_of_slow_order(const SampleSource& source, const FitOptions& options) {
  if (options.shuffle != Shuffle::Samples || options.stream.shuffle_window > 0) return;
  const std::string reason = source.slow_at_random();
  if (!reason.empty())
    options.messages(
        Level::Warning, "",
        reason + "; --shuffle-window N reads the file in order and draws each sample from the next N");
}

/// A second run in the same directory is no mistake, but what it replaces is gone.
void begin_run(RunDirectory& directory, const Settings& settings, const Dataset& data) {
  const bool used = directory.holds("run.json");
  directory.begin("run.json", settings.json());
  if (used)
    console_messages()(Level::Warning, "",
                       "--run-dir " + settings.text("run_dir") +
                           " holds files of an earlier run, which are replaced where names are the same");
  if (!directory.path().empty() && !data.class_names.empty())
    write_class_names(directory.path() / "class_names.json", data.class_names);
}

int exit_code(const History& history, const FitOptions& options) {
  return history.end == RunEnd::Interrupted ? 128 + options.interrupted->load() : 0;
}

}  // namespace

int run_fit(Arguments arguments) {
  const Settings settings("fit", fit_settings(), arguments);
  if (settings.help_wanted()) return print(settings.help("trains a model and returns its History")), 0;
  if (settings.is_on("print_config")) return print(settings.json()), 0;
  require(settings, "model",
          "Name a Keras file, or a shorthand such as --model \"dense(64,relu) dense(10,softmax)\"");
  require_data(settings);

  FitOptions options = fit_options(settings);
  const std::vector<ClassWeight> weights = read_class_weights(settings.text("class_weight"));
  read_callback_state(settings, options);
  options.plugins = parse_specs(settings.list("plugin"));
  const Catalog catalog = scan_catalog(settings.list("plugin_dir"), options.plugins);
  options.catalog = &catalog;
  add_progress(options.plugins, settings.text("verbose"), catalog);

  GivenModel given = read_given_model(settings);
  options.stream = stream_options(settings, Purpose::Train);
  const std::unique_ptr<SampleSource> stream = open_data(settings, given.ports, Purpose::Train);
  LoadedData data = stream ? LoadedData{stream->layout(), {}} : load(settings, given.ports, Purpose::Train);
  require_use_of_class_names(settings, data.train);
  options.class_weight = weights_by_number(weights, data.train.class_names);
  options.validation_data = load_validation(settings, given.ports, data);
  if (options.validation_data && options.validation_split)
    options.messages(Level::Warning, "", "validation data are given, so that --validation-split is not used");
  const std::unique_ptr<Model> model = make_model(settings, std::move(given), data.train, Purpose::Train);
  require_all_classes(settings, data.train, *model);
  check_outputs(settings, *model);
  RunDirectory directory(settings.text("run_dir"));
  options.run_directory = directory.path();
  options.before_training = [&] { begin_run(directory, settings, data.train); };
  if (settings.is_on("explain_order"))
    return print(stream ? explain_order(*model, *stream, options)
                        : explain_order(*model, data.train, options)),
           0;

  warn_of_nothing_to_train(options);
  if (stream) warn_of_slow_order(*stream, options);
  options.interrupted = &watch_interrupts();
  const History history = stream ? fit(*model, *stream, options) : fit(*model, data.train, options);
  write_outputs(settings, options, *model, history);
  print_stop(settings, history);
  tell_interrupt(settings, options, history);
  return exit_code(history, options);
}

}  // namespace kairos::host::cli
