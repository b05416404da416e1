// SPDX-License-Identifier: MIT
// kairos fit.
#include "kairos/host/fit.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/input_file.hpp"
#include "base/printable.hpp"
#include "base/temporary_files.hpp"
#include "cli/class_names.hpp"
#include "cli/class_weights.hpp"
#include "cli/column_names.hpp"
#include "cli/command.hpp"
#include "cli/data_report.hpp"
#include "cli/distributed.hpp"
#include "cli/exit_codes.hpp"
#include "cli/exit_watch.hpp"
#include "cli/failures.hpp"
#include "cli/field_flags.hpp"
#include "cli/files_of_settings.hpp"
#include "cli/fit_checks.hpp"
#include "cli/fit_options.hpp"
#include "cli/fit_outputs.hpp"
#include "cli/live_history.hpp"
#include "cli/load_model.hpp"
#include "cli/machine.hpp"
#include "cli/output_files.hpp"
#include "cli/resume.hpp"
#include "cli/run_directory.hpp"
#include "cli/run_record.hpp"
#include "cli/signals.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

/// --verbose 1 and 2 add the plugin ProgbarLogger, last in the user's order as in Keras, unless the user gave
/// one. Without that plugin the run trains silently.
void add_progress(std::vector<PluginSpec>& specs, const std::string& verbose, const Catalog& catalog,
                  const MessageSink& messages) {
  if (verbose == "0") return;
  constexpr std::string_view progress = "kairos.ProgbarLogger";
  for (const PluginSpec& spec : specs)
    if (catalog.find(spec).callback->id == progress) return;
  const bool found = std::ranges::any_of(catalog.plugins(), [&](const Plugin& plugin) {
    return std::ranges::any_of(plugin.manifest.callbacks,
                               [&](const auto& one) { return one.id == progress; });
  });
  if (!found) {
    messages(Level::Warning, "",
             "no progress is shown, because the plugin ProgbarLogger is not found. "
             "Name its directory with --plugin-dir, or use --verbose 0");
    return;
  }
  specs.push_back(parse_plugin_spec("kairos.ProgbarLogger:verbose=" + verbose));
}

/// The state does not hold its epoch, and a run that counts from 0 would overwrite the logs of the earlier
/// run.
void read_callback_state(const Settings& settings, FitOptions& options) {
  if (!settings.has("callback_state")) return;
  if (options.initial_epoch == 0)
    throw Error(ErrorKind::Usage,
                {"KAIROS-U008", "--callback-state", "a continued run requires the epoch to continue from",
                 "--initial-epoch 0", "the number of epochs that the earlier run trained",
                 "Add --initial-epoch; history.json of the earlier run lists its epochs"});
  options.callback_state = read_file(settings.text("callback_state"));
}

/// Which callback stopped the run, and what came of it; with --verbose 0 only the History says so. The
/// results are saved, so that a pipe without a reader is no error any more.
void print_end(const Settings& settings, const FitOptions& options, const History& history) {
  if (settings.choice("verbose") == "0") return;
  try {
    if (history.end == RunEnd::Stopped && history.stop)
      print(fmt::format("Stopped by {}: {}\n", printable(history.stop->instance),
                        printable(history.stop->reason)));
    print(closing_line(settings, options, history));
  } catch (const ClosedPipe&) {
    return;
  }
}

void warn_of_nothing_to_train(const FitOptions& options) {
  if (options.initial_epoch < options.epochs || options.resume_from != nullptr) return;
  options.messages(
      Level::Warning, "",
      fmt::format("nothing to train: --epochs {} is not greater than --initial-epoch {}; --epochs "
                  "is the number of the last epoch, not the number of further epochs",
                  options.epochs, options.initial_epoch));
}

/// Keras' order of samples is slow on files without random access.
void warn_of_slow_order(const SampleSource& source, const FitOptions& options) {
  if (options.shuffle != Shuffle::Samples || options.stream.shuffle_window > 0) return;
  const std::string reason = source.slow_at_random();
  if (!reason.empty())
    options.messages(
        Level::Warning, "",
        reason + "; --shuffle-window N reads the file in order and draws each sample from the next N");
}

/// The files, besides the configuration, that the run directory holds from the start.
void write_records(const RunDirectory& directory, const Dataset& data, const Model& model) {
  if (!directory.path().empty() && !data.class_names.empty())
    write_class_names(directory.path() / "class_names.json", data.class_names);
  keep_columns(directory, model);
}

/// The records of a run that change while it trains.
struct LiveRecords {
  RunRecord run;
  LiveHistory history;
};

/// A second run in the same directory is allowed, but replaces files.
void begin_run(RunDirectory& directory, Resumption& resumption, LiveRecords& live, const Settings& settings,
               const Dataset& data, const Model& model) {
  const bool used = directory.holds("run.json") && !resumption.goes_on();
  directory.begin("run.json", live.run.start(directory.path()));
  live.run.written();
  live.history.begin(directory.path());
  if (resumption.goes_on()) live.history.cut_to(resumption.next_epoch());
  resumption.begin();
  if (!directory.path().empty()) remove_dead_temporaries(directory.path() / RunCheckpoints::folder);
  if (used)
    console_messages()(Level::Warning, "",
                       "--run-dir " + settings.text("run_dir") +
                           " holds files of an earlier run; files with the same names are replaced");
  write_records(directory, data, model);
}

/// The library knows the bytes of the state only.
Error in_state_file(const Error& error, const Settings& settings) {
  Diagnosis diagnosis = error.diagnosis();
  diagnosis.where = "--callback-state " + settings.text("callback_state");
  return {error.kind(), diagnosis};
}

/// The failure itself is reported, not one of the record.
void record_failure(RunRecord& record, const FitProgress& progress, const std::string& reason) {
  try {
    record.finish(RunResult::Failed, reason, std::ssize(progress.history.epochs));
  } catch (const std::exception&) {
    return;
  }
}

/// What failed, without what to do.
std::string reason_of(const Error& error) {
  Diagnosis diagnosis = error.diagnosis();
  diagnosis.cure.clear();
  return with_flags(diagnosis).text();
}

/// The error of a failed run, with the results that were saved nevertheless.
template <class Rescue>
Error with_saved(const Error& error, Rescue&& rescue) {
  interrupts_find_saving();
  std::string saved;
  try {
    saved = rescue();
  } catch (const std::exception& another) {
    saved = std::string("The results could not be written: ") + another.what();
    if (saved.ends_with('.')) saved.pop_back();  // what follows a cure is its end
  }
  Diagnosis diagnosis = error.diagnosis();
  diagnosis.cure += (diagnosis.cure.empty() ? "" : diagnosis.cure.back() == '?' ? " " : ". ") + saved;
  return {error.kind(), diagnosis};
}

/// Runs `train`. If that fails after batches were trained, or a callback ends the process, the results are
/// written nevertheless.
template <class Train>
void train_and_rescue(FitOutputs& outputs, FitOptions& options, RunRecord& record, ExitWatch& exits,
                      DistributedFit& ranks, Train&& train) {
  FitProgress& progress = *options.progress;
  options.interrupted =
      &watch_interrupts({"after this batch", losses_of_quitting(outputs.settings), !ranks.is_root()});
  ranks.watch(*options.interrupted);
  const auto rescue = [&] { return rescue_outputs(outputs, progress); };
  options.before_training = [&, begin = std::move(options.before_training)] {
    begin();
    const auto rescue_and_record = [&record, &progress, rescue] {
      record_failure(record, progress, "a callback ended the process");
      return rescue();
    };
    exits.before_exit(rescue_and_record, [] { interrupt_as(SIGTERM); });
  };
  options.write_results = [&] {
    interrupts_find_saving();
    try {
      write_outputs(outputs, progress);
    } catch (const std::exception&) {
      // Tried again at the end, where a failure is reported.
    }
  };
  options.after_training = [&] {
    // In teardown a callback may remove its copy of the run, from which alone results could be made again.
    if (!progress.run_saved_in.empty()) write_outputs(outputs, progress);
    exits.let_exit_go_on();
  };
  try {
    static_cast<void>(train());
    if (progress.signal != 0) interrupt_as(progress.signal);  // another rank may have got it
  } catch (const abi::__forced_unwind&) {
    exits.end_for_thread_exit();
  } catch (const Error& error) {
    if (error.diagnosis().code == "KAIROS-C006" && outputs.settings.has("callback_state"))
      throw in_state_file(error, outputs.settings);
    if (progress.batches == 0) throw;
    throw with_saved(error, rescue);
  } catch (const std::exception& failure) {
    if (progress.batches == 0) throw;
    throw with_saved(error_of(failure, "KAIROS-I003"), rescue);
  }
}

void record_end(RunRecord& record, const FitOptions& options) {
  const FitProgress& progress = *options.progress;
  const std::optional<StopRequest>& stop = progress.history.stop;
  const auto epochs = std::ssize(progress.history.epochs);
  if (progress.history.end == RunEnd::Interrupted)
    record.finish(RunResult::Interrupted, interrupted_by(options.interrupted->load()), epochs);
  else if (stop && progress.history.end == RunEnd::Stopped)
    record.finish(RunResult::Stopped, stop->instance + ": " + stop->reason, epochs);
  else
    record.finish(RunResult::Completed, "", epochs);
}

/// Trains, writes the results, and records how it ended.
template <class Train>
void train_and_write(FitOutputs& outputs, FitOptions& options, RunRecord& record, ExitWatch& exits,
                     Resumption& resumption, DistributedFit& ranks, Train&& train) {
  const FitProgress& progress = *options.progress;
  try {
    train_and_rescue(outputs, options, record, exits, ranks, train);
    write_outputs(outputs, progress);
    if (ranks.is_root()) resumption.finish();
  } catch (const Error& error) {
    record_failure(record, progress, reason_of(error));
    throw;
  } catch (const std::exception& error) {
    record_failure(record, progress, error.what());
    throw;
  }
  record_end(record, options);
}

/// The options that depend on the training data: class weights, and validation data, which may be moved out
/// of `data`.
void add_data_options(const Settings& settings, const ModelInput& input, LoadedData& data,
                      FitOptions& options) {
  require_use_of_class_names(settings, data.train);
  options.class_weight = weights_by_number(settings.named_numbers("class_weight"), data.train.class_names);
  options.balances_classes = settings.text("class_weight") == "balanced";
  options.validation_data = load_validation(settings, input.ports, data);
  if (options.validation_data && options.validation_split)
    options.messages(Level::Warning, "", "--validation-split is ignored, because validation data is given");
}

/// What the run reads and writes, which callbacks must not replace.
void add_files(const Settings& settings, const RunDirectory& directory, const Dataset& data,
               FitOptions& options) {
  options.run_directory = directory.path();
  options.files = files_read(settings, Purpose::Train);
  add_results_of_fit(options.files, settings, directory,
                     data.class_names.empty() ? Labels::Numbers : Labels::Names);
}

void keep_records(FitOptions& options, LiveRecords& live) {
  options.epoch_recorded = [&live](const History& history) {
    live.history.append(history);
    live.run.refresh();
  };
}

/// Reports how the run ended, and returns the exit code.
int report_end(const FitOutputs& outputs, const DistributedFit& ranks) {
  const FitOptions& options = outputs.options;
  const FitProgress& progress = *options.progress;
  if (ranks.is_root()) {
    print_end(outputs.settings, options, progress.history);
    tell_interrupt(outputs, progress);
  }
  return progress.history.end == RunEnd::Interrupted ? exit_code_of_signal(options.interrupted->load())
                                                     : exit_success;
}

/// --explain-order.
int show_order(Model& model, const SampleSource* stream, const Dataset& data, const FitOptions& options,
               const DistributedFit& ranks) {
  const std::string order =
      stream != nullptr ? explain_order(model, *stream, options) : explain_order(model, data, options);
  if (ranks.is_root()) print(order);
  return 0;
}

/// Trains with `settings`, alone or with other ranks, and returns the exit code.
/// Asks before commands of a file are run, and keeps secrets out of records and notes.
Catalog find_callbacks(Settings& settings, FitOptions& options) {
  options.plugins = parse_specs(settings.items("plugin"));
  Catalog catalog = scan_catalog(settings.items("plugin_dir"), options.plugins);
  refuse_commands_of_config(settings, options.plugins, catalog);
  hide_secrets(settings, catalog);
  options.notes = notes_of(settings);
  return catalog;
}

int fit_and_report(Settings& settings, DistributedFit& ranks) {
  settings.require("model",
                   "Name a Keras file, or a shorthand such as --model \"dense(64,relu) dense(10,softmax)\"");
  require_data(settings);

  FitOptions options = fit_options(settings);
  ranks.prepare(settings, options);
  const Catalog catalog = find_callbacks(settings, options);
  options.catalog = &catalog;
  add_progress(options.plugins, settings.choice("verbose"), catalog, options.messages);
  ranks.compare(settings, catalog, options.plugins);
  RunDirectory directory(settings.text("run_dir"),
                         ranks.is_root() ? RunDirectory::Use::Writing : RunDirectory::Use::Reading);
  Resumption resumption(settings, directory, options);
  if (resumption.is_finished()) return ranks.is_root() ? (print(resumption.report(settings)), 0) : 0;
  if (!resumption.has_states()) read_callback_state(settings, options);
  resumption.apply(options);

  ModelInput input = read_model(settings);
  options.stream = stream_options(settings, Purpose::Train);
  const CompileOptions compiled = compile_options(settings, input, Purpose::Train);
  const std::unique_ptr<SampleSource> stream = open_data(settings, input.ports, Purpose::Train);
  LoadedData data = stream ? LoadedData{stream->layout(), {}} : load(settings, input.ports, Purpose::Train);
  add_data_options(settings, input, data, options);
  const std::unique_ptr<Model> model =
      make_model(settings, std::move(input), compiled, data.train, Purpose::Train);
  require_all_classes(settings, data.train, *model);
  check_outputs(settings, *model);
  add_files(settings, directory, data.train, options);
  ranks.leave_outputs_to_root(settings, options);
  LiveRecords live{{settings, catalog, options.plugins, options.files}, LiveHistory(options.messages)};
  options.before_training = [&] {
    if (ranks.is_root()) begin_run(directory, resumption, live, settings, data.train, *model);
  };
  keep_records(options, live);
  FitProgress progress;
  options.progress = &progress;
  FitOutputs outputs{settings, options, *model,
                     [&] {
                       live.run.write();
                       write_records(directory, data.train, *model);
                     },
                     [&] { return resumption.can_resume(); }};
  ExitWatch exits;  // its destructor writes the outputs if a thread waits in exit
  if (settings.choice("verbose") != "0")
    options.data_ready = [&](const DataFacts& facts) {
      if (!ranks.layout().empty()) options.messages(Level::Info, "", ranks.layout());
      options.messages(Level::Info, "", data_report(settings, data.train, facts, *model, compiled));
    };
  if (settings.is_on("explain_order")) return show_order(*model, stream.get(), data.train, options, ranks);

  warn_of_nothing_to_train(options);
  if (stream) warn_of_slow_order(*stream, options);
  train_and_write(outputs, options, live.run, exits, resumption, ranks,
                  [&] { return stream ? fit(*model, *stream, options) : fit(*model, data.train, options); });
  return report_end(outputs, ranks);
}

}  // namespace

int run_fit(Arguments arguments) {
  std::optional<Settings> settings;
  std::optional<DistributedFit> ranks;
  try {
    settings.emplace(Command::Fit, arguments);
    if (settings->help_wanted()) return print(settings->help("train a model")), 0;
    if (settings->is_on("print_config")) return print_config(*settings), 0;
    ranks.emplace(*settings);
  } catch (const Error& error) {
    if (another_rank_reports(arguments)) return exit_code(error.kind());
    throw;
  }
  return ranks->run([&] { return fit_and_report(*settings, *ranks); });
}

}  // namespace kairos::host::cli
