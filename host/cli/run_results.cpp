// SPDX-License-Identifier: MIT
// Writes the results, and words what was saved and how a run goes on.
#include "cli/run_results.hpp"

#include <fmt/format.h>

#include <cctype>
#include <exception>
#include <filesystem>
#include <system_error>
#include <vector>

#include "cli/signals.hpp"
#include "io/atomic_file.hpp"
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
  const std::string saved = files_of(settings), flags = flags_to_go_on(settings, next),
                    checkpoint = last_checkpoint(history);
  std::string text = saved.empty() ? "nothing was saved at the end" : "saved: " + saved;
  if (!checkpoint.empty()) text += "; the last checkpoint is " + checkpoint;
  if (all) return text;
  if (!flags.empty()) return text + ". The run goes on with " + flags;
  if (!checkpoint.empty()) return text + ". A run can go on from it with --model or --weights";
  return text + ". --save-model would have kept what a run goes on from";
}

/// Someone may have removed it while the run went on.
void make_again(const FitOptions& options) {
  std::error_code error;
  if (std::filesystem::exists(options.run_directory, error)) return;
  std::filesystem::create_directories(options.run_directory, error);
  if (!error && options.messages)
    options.messages(
        Level::Warning, "",
        "the run directory " + options.run_directory.string() +
            " was removed during the run; it is made again for the files that are written at the "
            "end, what was in it before is gone");
}

}  // namespace

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
  if (!options.run_directory.empty()) make_again(options);
  const auto save = [&](const char* key, SaveContent content) {
    if (settings.has(key)) attempt([&] { model.save(settings.text(key), content); });
  };
  save("save_model", SaveContent::Model);
  save("save_weights", SaveContent::Weights);
  if (settings.has("history")) attempt([&] { write_history(history, settings.text("history")); });
  if (!options.run_directory.empty()) {
    attempt([&] { write_history(history, options.run_directory / "history.json"); });
    attempt([&] { write_file(options.run_directory / "callback_state", history.callback_state); });
  }
  if (first) std::rethrow_exception(first);
}

std::string rescue_outputs(const Settings& settings, const FitOptions& options, Model& model,
                           const FitProgress& progress) {
  if (progress.batches == 0) return "Nothing was trained, so that nothing was saved";
  write_outputs(settings, options, model, progress.history);
  std::string text = saved_and_next(settings, progress.history, next_epoch(options, progress.history), false);
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
