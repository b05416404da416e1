// SPDX-License-Identifier: MIT
// Writes the results, and words what was saved and how a run goes on.
#include "cli/run_results.hpp"

#include <fmt/format.h>

#include <cctype>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/atomic_file.hpp"
#include "cli/signals.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

/// Files of the command, with commas between them; "" for none.
std::string files_of(const Settings& settings) {
  std::string text;
  for (const char* key : {"save_model", "save_weights", "history", "run_dir"})
    if (settings.has(key)) text += (text.empty() ? "" : ", ") + settings.text(key);
  return text;
}

/// Flags that take up a run before epoch `next`; "" if no weights were saved.
std::string flags_to_go_on(const Settings& settings, const History& history, std::int64_t next) {
  std::string flags;
  if (settings.has("save_model"))
    flags = "--model " + settings.text("save_model");
  else if (settings.has("save_weights"))
    flags = "--weights " + settings.text("save_weights");
  else
    return "";
  flags += fmt::format(" --initial-epoch {}", next);
  if (settings.has("run_dir") && next > 0 && !history.callback_state.empty())
    flags +=
        " --callback-state " + (std::filesystem::path(settings.text("run_dir")) / "callback_state").string();
  return flags;
}

std::int64_t next_epoch(const FitOptions& options, const History& history) {
  return history.epochs.empty() ? options.initial_epoch : history.epochs.back() + 1;
}

/// The last checkpoint that a callback saved and that is still there; "" for none.
std::string last_checkpoint(const History& history) {
  std::error_code ignored;
  for (auto file = history.saved_files.rbegin(); file != history.saved_files.rend(); ++file)
    if (std::filesystem::exists(*file, ignored)) return file->string();
  return "";
}

/// What was saved and how the run goes on, for a run that has not trained its last epoch.
std::string saved_and_next(const Settings& settings, const History& history, std::int64_t next, bool all) {
  const std::string saved = files_of(settings), flags = flags_to_go_on(settings, history, next),
                    checkpoint = last_checkpoint(history);
  std::string text = saved.empty() ? "nothing was saved at the end" : "saved: " + saved;
  if (!checkpoint.empty()) text += "; the last checkpoint is " + checkpoint;
  if (all) return text;
  if (!flags.empty()) return text + ". The run goes on with " + flags;
  if (!checkpoint.empty()) return text + ". A run can go on from it with --model or --weights";
  return text + ". --save-model would have kept what a run goes on from";
}

/// Someone may have removed it while the run went on.
void make_again(const FitOutputs& outputs) {
  const FitOptions& options = outputs.options;
  std::error_code error;
  if (std::filesystem::exists(options.run_directory, error)) return;
  std::filesystem::create_directories(options.run_directory, error);
  if (error) return;  // said where a file is written
  outputs.write_records();
  if (options.messages)
    options.messages(
        Level::Warning, "",
        "the run directory " + options.run_directory.string() +
            " was removed during the run; it is made again for the files that are written at the "
            "end, what callbacks have written into it is gone");
}

/// The file of a flag, as the user wrote it where that still leads to it.
std::filesystem::path place_of(const FitOutputs& outputs, const char* key) {
  const std::filesystem::path file = outputs.settings.text(key);
  std::error_code error;
  return std::filesystem::current_path(error) == outputs.start && !error ? file : outputs.start / file;
}

}  // namespace

void write_outputs(const FitOutputs& outputs, const History& history) {
  const Settings& settings = outputs.settings;
  const FitOptions& options = outputs.options;
  std::exception_ptr first;
  const auto attempt = [&](auto&& write) {
    try {
      write();
    } catch (const std::exception&) {  // of memory, too: the next file may need less
      if (!first) first = std::current_exception();
    }
  };
  if (!options.run_directory.empty()) attempt([&] { make_again(outputs); });
  const auto save = [&](const char* key, SaveContent content) {
    if (settings.has(key)) attempt([&] { outputs.model.save(place_of(outputs, key), content); });
  };
  save("save_model", SaveContent::Model);
  save("save_weights", SaveContent::Weights);
  if (settings.has("history")) attempt([&] { write_history(history, place_of(outputs, "history")); });
  if (!options.run_directory.empty()) {
    attempt([&] { write_history(history, options.run_directory / "history.json"); });
    // Without a state, that of an earlier run is worth more than an empty file.
    if (!history.callback_state.empty())
      attempt([&] { write_file(options.run_directory / "callback_state", history.callback_state); });
  }
  if (first) std::rethrow_exception(first);
}

std::string rescue_outputs(const FitOutputs& outputs, FitProgress& progress) {
  if (progress.batches == 0) return "Nothing was trained, so that nothing was saved";
  if (const auto record = std::exchange(progress.record, nullptr)) record();
  write_outputs(outputs, progress.history);
  const std::int64_t next = next_epoch(outputs.options, progress.history);
  std::string text = saved_and_next(outputs.settings, progress.history, next, next >= outputs.options.epochs);
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

void tell_interrupt(const Settings& settings, const FitOptions& options, const FitProgress& progress) {
  const History& history = progress.history;
  if (history.end != RunEnd::Interrupted) return;
  const std::string name = signal_name(options.interrupted->load());
  const std::int64_t next = next_epoch(options, history);
  const bool all = next >= options.epochs;
  const std::string when = all ? "after the last epoch"
                               : fmt::format("before the end of epoch {} of {}", next + 1, options.epochs);
  options.messages(
      Level::Warning, "",
      progress.batches == 0
          ? "interrupted by " + name + " before the first batch; nothing was trained and nothing was saved"
          : "interrupted by " + name + " " + when + "; " + saved_and_next(settings, history, next, all));
}

std::string losses_of_quitting(const Settings& settings) {
  const std::string files = files_of(settings);
  if (files.empty()) return "what was trained is lost, but for what callbacks have saved";
  return "lost, or left as it was before: " + files + ". What callbacks have saved is kept";
}

}  // namespace kairos::host::cli
