// SPDX-License-Identifier: MIT
// Compares the settings of the command with the record of the run, and says what is done.
#include "cli/resume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "base/input_file.hpp"
#include "base/json.hpp"
#include "cli/command.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

constexpr const char* record = "run.json";

/// Settings that do not change what is trained.
bool is_harmless(std::string_view key) {
  constexpr std::array<std::string_view, 15> harmless{
      "epochs",  "verbose",   "log_level",   "save_model",        "save_weights",
      "history", "run_dir",   "plugin_dir",  "checkpoint_every",  "buffer_size",
      "strict",  "slow_hook", "distributed", "global_batch_size", "rank_timeout"};
  return std::ranges::find(harmless, key) != harmless.end();
}

std::string shown_value(const nlohmann::json& value) {
  if (value.is_null()) return "none";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

CheckpointInterval interval_of(const Settings& settings) {
  const std::string text = settings.text("checkpoint_every");
  const auto interval = parse_checkpoint_interval(text);
  if (!interval)
    throw Error(ErrorKind::Usage, {"KAIROS-U003", "--checkpoint-every", "this is no interval", text,
                                   "a time, a number of epochs or batches, auto or off",
                                   "Write for example 30s, 5min, 2epochs, 100batches or off"});
  return *interval;
}

/// Of the run in `directory`. Throws Error(Usage) for the first setting that must not differ; "--epochs 12
/// instead of 10, …" for those that may.
std::string changes(const Settings& settings, const std::filesystem::path& directory) {
  const std::vector<std::string> arguments{"--config", (directory / record).string()};
  const Settings stored(Command::Fit, arguments);
  const auto before = nlohmann::json::parse(stored.json_in(directory)),
             now = nlohmann::json::parse(settings.json_in(directory));
  std::string text;
  for (const Setting& setting : settings_of(Command::Fit)) {
    const std::string key(setting.key);
    const nlohmann::json old_value = before.value(key, nlohmann::json()),
                         value = now.value(key, nlohmann::json());
    if (old_value == value) continue;
    if (!is_harmless(key))
      throw Error(ErrorKind::Usage,
                  {"KAIROS-U091", flag_of(key), "the run in " + directory.string() + " has another setting",
                   shown_value(value), shown_value(old_value),
                   "Leave the flag out, or begin a new run in another directory"});
    text += fmt::format("{}{} {} instead of {}", text.empty() ? "" : ", ", flag_of(key), shown_value(value),
                        shown_value(old_value));
  }
  return text;
}

Error nothing_to_resume(const std::string& where, std::string what, std::string cure) {
  return {ErrorKind::Usage, {"KAIROS-U092", where, std::move(what), "", "", std::move(cure)}};
}

/// The epochs that a run was to train, if its record says that it ended by itself.
std::optional<std::int64_t> finished_epochs(const std::filesystem::path& directory) {
  const std::string file = (directory / record).string();
  const nlohmann::json document = parse_json(read_file(file), file);
  const std::string result = document.value("/run/result"_json_pointer, "");
  if (result != "completed" && result != "stopped") return std::nullopt;
  return document.value("epochs", std::int64_t{0});
}

/// The epoch from which a run that continues another one by hand must go on.
void require_epoch(const RunCheckpoints::Found& found, const Settings& settings,
                   const std::filesystem::path& directory) {
  const FitPosition& position = found.resumption.checkpoint.position;
  if (settings.integer("initial_epoch") == position.epoch) return;
  throw Error(ErrorKind::Usage,
              {"KAIROS-U093", "--initial-epoch " + settings.text("initial_epoch"),
               "the run in " + directory.string() + " is at another epoch", settings.text("initial_epoch"),
               fmt::format("{} (its last run checkpoint is of {})", position.epoch, position.text()),
               "Use --resume " + directory.string() + ", or give this epoch"});
}

std::optional<RunCheckpoints::Found> checkpoint_in(const std::filesystem::path& directory) {
  return RunCheckpoints(directory, {}, console_messages()).load();
}

/// The states that callbacks need if --initial-epoch goes on with an unfinished run in its own directory.
std::string states_in(const Settings& settings, const RunDirectory& directory) {
  if (directory.path().empty() || settings.integer("initial_epoch") == 0 || settings.has("callback_state"))
    return "";
  std::optional<RunCheckpoints::Found> found = checkpoint_in(directory.path());
  if (!found || found->finished) return "";
  require_epoch(*found, settings, directory.path());
  if (found->resumption.checkpoint.position.in_epoch)
    throw Error(ErrorKind::Usage,
                {"KAIROS-U093", "--initial-epoch " + settings.text("initial_epoch"),
                 "the run in " + directory.path().string() + " is inside this epoch", "",
                 found->resumption.checkpoint.position.text(), "Use --resume " + directory.path().string()});
  console_messages(log_level(settings))(
      Level::Info, "", "the callbacks go on from their states in " + directory.path().string());
  return std::move(found->resumption.checkpoint.callbacks);
}

/// The state lies in the directory of its run.
void check_epoch_of_state(const Settings& settings) {
  if (!settings.has("callback_state")) return;
  const std::filesystem::path directory =
      std::filesystem::absolute(settings.text("callback_state")).parent_path();
  if (const auto found = checkpoint_in(directory)) require_epoch(*found, settings, directory);
}

}  // namespace

Resumption::Resumption(const Settings& settings, RunDirectory& directory, const FitOptions& options) {
  const CheckpointInterval interval = interval_of(settings);
  is_on_ = interval.unit != CheckpointInterval::Unit::Never;
  const bool resumes = settings.has("resume");
  if (resumes) settings.require("run_dir", "--resume auto goes on with the run in --run-dir");
  if (directory.path().empty()) {
    check_epoch_of_state(settings);
    return;
  }
  checkpoints_ = std::make_unique<RunCheckpoints>(directory.path(), interval, options.messages);
  if (resumes) {
    directory.lock();
    load(settings, directory, options);
  } else {
    check_epoch_of_state(settings);
    states_ = states_in(settings, directory);
  }
}

void Resumption::load(const Settings& settings, const RunDirectory& directory, const FitOptions& options) {
  const bool begins = settings.text("resume") == "auto";
  const std::string where = "--resume " + directory.path().string();
  constexpr const char* no_checkpoint = "there is no run checkpoint to go on from";
  if (!directory.holds(record)) {
    if (checkpoints_->any())
      throw nothing_to_resume(
          where, "run.json is missing beside the run checkpoints",
          "Put it back, or remove the folder " + std::string(RunCheckpoints::folder) + " to begin again");
    if (begins) return;
    throw nothing_to_resume(where, no_checkpoint,
                            "Name the directory of an unfinished run, or leave --resume out to begin");
  }
  const std::string changed = changes(settings, directory.path());
  found_ = checkpoints_->load();
  if (!found_) {
    if (const std::optional<std::int64_t> epochs = finished_epochs(directory.path())) {
      is_finished_ = options.epochs <= *epochs;
      if (is_finished_) return;
      throw nothing_to_resume(where, "the run is finished, and has no run checkpoint to go on from",
                              "Begin a new run in another directory");
    }
    if (!begins)
      throw nothing_to_resume(where, no_checkpoint,
                              "The run ended before its first one: begin it again with its command line");
    if (options.messages && settings.choice("verbose") != "0")
      options.messages(
          Level::Info, "",
          "the run in " + directory.path().string() + " has no run checkpoint yet: it begins again");
    found_.emplace().resumption.checkpoint.position.epoch = options.initial_epoch;
    return;
  }
  const FitPosition& position = found_->resumption.checkpoint.position;
  is_finished_ = found_->finished && (found_->end == RunEnd::Stopped || options.epochs <= position.epoch);
  if (is_finished_) return;
  if (options.epochs < position.epoch + (position.in_epoch ? 1 : 0))
    throw Error(ErrorKind::Usage,
                {"KAIROS-U091", "--epochs", "the run is further already", std::to_string(options.epochs),
                 "more, after " + position.text(), "Give a larger number, or leave it out"});
  found_->finished = false;
  if (!options.messages || (settings.choice("verbose") == "0" && changed.empty())) return;
  options.messages(Level::Info, "",
                   "resuming " + directory.path().string() + " after " + position.text() +
                       (changed.empty() ? "" : "; with " + changed));
}

void Resumption::apply(FitOptions& options) const {
  if (checkpoints_ && is_on_) options.checkpoints = checkpoints_.get();
  if (goes_on()) {
    options.resume_from = &found_->resumption;
  } else if (!states_.empty()) {
    options.callback_state = states_;
  }
}

std::string Resumption::report(const Settings& settings) const {
  if (!found_) return fmt::format("The run in {} is finished.\n", settings.text("run_dir"));
  const FitCheckpoint& checkpoint = found_->resumption.checkpoint;
  const auto& stop = checkpoint.memory.stop;
  const std::string end =
      stop ? fmt::format("stopped by {}: {}", stop->instance, stop->reason)
           : fmt::format("{} epochs; --epochs with a larger number goes on", checkpoint.position.epoch);
  return fmt::format("The run in {} is finished ({}).\n", settings.text("run_dir"), end);
}

void Resumption::begin() {
  if (checkpoints_ && !goes_on()) checkpoints_->start_over();
}

void Resumption::finish() {
  if (checkpoints_) checkpoints_->finish();
}

}  // namespace kairos::host::cli
