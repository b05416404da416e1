// SPDX-License-Identifier: MIT
// kairos fit.
#include "kairos/host/fit.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/input_file.hpp"
#include "cli/class_numbers.hpp"
#include "cli/class_weights.hpp"
#include "cli/command.hpp"
#include "cli/data_report.hpp"
#include "cli/exit_watch.hpp"
#include "cli/inputs.hpp"
#include "cli/known_columns.hpp"
#include "cli/run_directory.hpp"
#include "cli/run_files.hpp"
#include "cli/run_results.hpp"
#include "cli/setting_text.hpp"
#include "cli/signals.hpp"
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

Split split_of(const Settings& settings) {
  const std::string text = settings.text("split");
  if (text == "last") return Split::Last;
  if (text != "shuffled" && text != "stratified")
    bad_value("--split", text, "last, shuffled or stratified",
              suggest(text, {"last", "shuffled", "stratified"}));
  if (!settings.has("validation_split"))
    throw Error(ErrorKind::Usage,
                {"KAIROS-U066", "--split " + text, "nothing is held out of the training data", "",
                 "--validation-split beside it", "Add --validation-split 0.2, or leave --split out"});
  return text == "shuffled" ? Split::Shuffled : Split::Stratified;
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
  options.split = split_of(settings);
  read_validation_freq(settings.text("validation_freq"), options);
  options.validation_batch_size = settings.integer("validation_batch_size");
  options.validation_steps = settings.integer("validation_steps");
  options.steps_per_epoch = settings.integer("steps_per_epoch");
  options.messages = console_messages();
  options.owns_process = true;
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

/// Every place that will be written at the end, checked before the first batch.
void check_outputs(const Settings& settings, const Model& model) {
  if (settings.has("history")) {
    check_history_ending(settings.text("history"));
    require_writable(settings.text("history"), "--history");
  }
  for (const FinalSave& save : final_saves) check_final_save(settings, model, save);
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

/// What the run directory holds from the start, beside the configuration.
void write_records(const RunDirectory& directory, const Dataset& data, const Model& model) {
  if (!directory.path().empty() && !data.class_names.empty())
    write_class_names(directory.path() / "class_names.json", data.class_names);
  keep_columns(directory, model);
}

/// A second run in the same directory is no mistake, but what it replaces is gone.
void begin_run(RunDirectory& directory, const Settings& settings, const Dataset& data, const Model& model) {
  const bool used = directory.holds("run.json");
  directory.begin("run.json", settings.json());
  if (used)
    console_messages()(Level::Warning, "",
                       "--run-dir " + settings.text("run_dir") +
                           " holds files of an earlier run, which are replaced where names are the same");
  write_records(directory, data, model);
}

/// The error of a run that has failed, with what of it was saved all the same.
template <class Rescue>
Error with_saved(const Error& error, Rescue&& rescue) {
  interrupts_find_saving();
  std::string saved;
  try {
    saved = rescue();
  } catch (const std::exception& another) {
    saved = std::string("What the run was to leave behind could not be written: ") + another.what();
  }
  Diagnosis diagnosis = error.diagnosis();
  diagnosis.cure += (diagnosis.cure.empty() ? "" : diagnosis.cure.back() == '?' ? " " : ". ") + saved;
  return {error.kind(), diagnosis};
}

/// Of anything but an Error: a lack of memory, or of threads.
Error as_error(const std::exception& failure) {
  return {ErrorKind::Internal,
          {"KAIROS-I003", "kairos", std::string("the run has failed: ") + failure.what(), "", "",
           "Unless memory or threads have run out, report this with the command that led to it"}};
}

/// Runs `train`; where that fails after batches were trained, or a callback ends the process, what the run
/// was to leave behind is written all the same.
template <class Train>
History train_and_rescue(const FitOutputs& outputs, FitOptions& options, ExitWatch& exits, Train&& train) {
  FitProgress& progress = *options.progress;
  options.interrupted = &watch_interrupts({"after this batch", losses_of_quitting(outputs.settings)});
  const auto rescue = [&] { return rescue_outputs(outputs, progress); };
  options.before_training = [&, begin = std::move(options.before_training)] {
    begin();
    exits.before_exit(rescue, [] { interrupt_as(SIGTERM); });
  };
  options.after_training = [&] {
    interrupts_find_saving();
    exits.let_exit_go_on();
  };
  try {
    return train();
  } catch (const abi::__forced_unwind&) {
    exits.end_for_thread_exit();
  } catch (const Error& error) {
    if (progress.batches == 0) throw;
    throw with_saved(error, rescue);
  } catch (const std::exception& failure) {
    if (progress.batches == 0) throw;
    throw with_saved(as_error(failure), rescue);
  }
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
  options.files = files_read(settings, Purpose::Train);
  add_results_of_fit(options.files, settings, directory,
                     data.train.class_names.empty() ? Labels::Numbers : Labels::Names);
  options.before_training = [&] { begin_run(directory, settings, data.train, *model); };
  FitProgress progress;
  options.progress = &progress;
  const FitOutputs outputs{settings, options, *model, [&] {
                             write_file(directory.path() / "run.json", settings.json());
                             write_records(directory, data.train, *model);
                           }};
  ExitWatch exits;  // writes the outputs when it ends, where a thread waits in exit
  if (settings.text("verbose") != "0")
    options.data_ready = [&](const DataFacts& facts) {
      options.messages(Level::Info, "", data_report(settings, data.train, facts, *model));
    };
  if (settings.is_on("explain_order"))
    return print(stream ? explain_order(*model, *stream, options)
                        : explain_order(*model, data.train, options)),
           0;

  warn_of_nothing_to_train(options);
  if (stream) warn_of_slow_order(*stream, options);
  const History history = train_and_rescue(outputs, options, exits, [&] {
    return stream ? fit(*model, *stream, options) : fit(*model, data.train, options);
  });
  // A signal before the first batch must not put the model as it began in the place of an earlier one.
  if (history.end != RunEnd::Interrupted || progress.batches > 0) write_outputs(outputs, history);
  print_stop(settings, history);
  tell_interrupt(settings, options, progress);
  return exit_code(history, options);
}

}  // namespace kairos::host::cli
