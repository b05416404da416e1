// SPDX-License-Identifier: MIT
// Writes the results, and says what was saved and how to continue.
#include "cli/fit_outputs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <exception>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/atomic_file.hpp"
#include "cli/best_epoch.hpp"
#include "cli/signals.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

/// The result files of the command, separated by commas; "" for none.
std::string files_of(const Settings& settings) {
  std::string text;
  for (const char* key : {"save_model", "save_weights", "history", "run_dir"})
    if (settings.has(key)) text += (text.empty() ? "" : ", ") + settings.text(key);
  return text;
}

/// A word that a shell takes as it is.
std::string shell_word(const std::string& text) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_./=+-,:@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Flags that continue the run with epoch `next`; "" if nothing was saved to go on from.
std::string flags_to_continue(const FitOutputs& outputs, const History& history, std::int64_t next) {
  const Settings& settings = outputs.settings;
  if (outputs.can_resume()) return "--resume " + shell_word(settings.text("run_dir"));
  std::string flags;
  if (settings.has("save_model"))
    flags = "--model " + shell_word(settings.text("save_model"));
  else if (settings.has("save_weights"))
    flags = "--weights " + shell_word(settings.text("save_weights"));
  else
    return "";
  flags += fmt::format(" --initial-epoch {}", next);
  if (settings.has("run_dir") && next > 0 && !history.callback_state.empty())
    flags += " --callback-state " +
             shell_word((std::filesystem::path(settings.text("run_dir")) / "callback_state").string());
  return flags;
}

std::int64_t next_epoch(const FitOptions& options, const History& history) {
  return history.epochs.empty() ? options.initial_epoch : history.epochs.back() + 1;
}

/// The last checkpoint that a callback saved and that still exists; "" for none.
std::string last_checkpoint(const History& history) {
  std::error_code ignored;
  for (auto file = history.saved_files.rbegin(); file != history.saved_files.rend(); ++file)
    if (std::filesystem::exists(*file, ignored)) return file->string();
  return "";
}

/// What was saved and, unless `all` epochs are trained, how to continue the run.
std::string saved_and_next(const FitOutputs& outputs, const History& history, std::int64_t next, bool all) {
  const std::string saved = files_of(outputs.settings), flags = flags_to_continue(outputs, history, next),
                    checkpoint = last_checkpoint(history);
  std::string text = saved.empty() ? "nothing was saved at the end" : "saved: " + saved;
  if (!checkpoint.empty()) text += "; the last checkpoint is " + checkpoint;
  if (all) return text;
  if (const std::filesystem::path& run = outputs.options.progress->run_saved_in;
      !run.empty() && !outputs.can_resume())
    return text + ". The run is saved in " + run.string() + ", and the same command goes on with it";
  if (!flags.empty()) return text + ". To continue the run, use " + flags;
  if (!checkpoint.empty()) return text + ". To continue from it, use --model or --weights";
  return text + ". To be able to continue a run, use --save-model";
}

/// "Best val_loss: 0.25 in epoch 3 of 5"; "" for a single epoch, which the line before shows.
std::string best_epoch_of(const FitOptions& options, const History& history) {
  const std::string key = monitored_key(options.plugins, history);
  const std::optional<std::size_t> best = best_epoch(history, key);
  if (!best || history.epochs.size() < 2) return "";
  return fmt::format("Best {}: {:.4g} in epoch {} of {}", key, *(*history.find(key))[*best],
                     history.epochs[*best] + 1, history.epochs.back() + 1);
}

/// The run directory may have been removed during the run.
void restore_directory(FitOutputs& outputs) {
  const FitOptions& options = outputs.options;
  std::error_code error;
  if (std::filesystem::exists(options.run_directory, error)) return;
  std::filesystem::create_directories(options.run_directory, error);
  if (error) return;  // writing a file reports it
  outputs.written = {};
  outputs.write_records();
  if (options.messages)
    options.messages(
        Level::Warning, "",
        "the run directory " + options.run_directory.string() +
            " was removed during the run; it is created again for the results, but the files that callbacks "
            "wrote into it are lost");
}

/// The file of a setting, as the user wrote it if that path is still valid.
std::filesystem::path path_of(const FitOutputs& outputs, const char* key) {
  const std::filesystem::path file = outputs.settings.text(key);
  std::error_code error;
  return std::filesystem::current_path(error) == outputs.start && !error ? file : outputs.start / file;
}

}  // namespace

void write_outputs(FitOutputs& outputs, const FitProgress& progress) {
  const History& history = progress.history;
  // A signal before the first batch must not replace an earlier model by the untrained one.
  if (history.end == RunEnd::Interrupted && progress.batches == 0) return;
  const Settings& settings = outputs.settings;
  const std::filesystem::path& directory = outputs.options.run_directory;
  std::exception_ptr first;
  const auto attempt = [&](auto&& write) {
    try {
      write();
    } catch (const std::exception&) {  // includes bad_alloc: the next file may need less memory
      if (!first) first = std::current_exception();
    }
  };
  if (!directory.empty()) attempt([&] { restore_directory(outputs); });
  FitOutputs::Written& written = outputs.written;
  const auto save = [&](const char* key, SaveContent content) {
    if (!settings.has(key) || written.models[key] == progress.target_version) return;
    attempt([&] {
      outputs.model.save(path_of(outputs, key), content);
      written.models[key] = progress.target_version;
    });
  };
  save("save_model", SaveContent::Model);
  save("save_weights", SaveContent::Weights);
  const auto save_history = [&](const std::filesystem::path& file) {
    if (written.epochs.contains(file) && written.epochs[file] == history.epochs.size()) return;
    attempt([&] {
      write_history(history, file);
      written.epochs[file] = history.epochs.size();
    });
  };
  if (settings.has("history")) save_history(path_of(outputs, "history"));
  if (!directory.empty()) save_history(directory / "history.json");
  // Keep the state of an earlier run if there is none.
  if (!directory.empty() && !history.callback_state.empty() && history.callback_state != written.state)
    attempt([&] {
      write_file(directory / "callback_state", history.callback_state);
      written.state = history.callback_state;
    });
  if (first) std::rethrow_exception(first);
}

std::string closing_line(const Settings& settings, const FitOptions& options, const History& history) {
  if (history.end == RunEnd::Interrupted || history.epochs.empty()) return "";
  const std::string best = best_epoch_of(options, history), saved = files_of(settings),
                    checkpoint = last_checkpoint(history);
  const bool has_values = std::ranges::any_of(history.series, [](const History::Series& series) {
    return std::ranges::any_of(series.values, [](const auto& one) { return one && std::isfinite(*one); });
  });
  std::vector<std::string> parts;
  if (!best.empty()) parts.push_back(best);
  if (!saved.empty()) parts.push_back("Saved: " + saved);
  if (!checkpoint.empty()) parts.push_back("Last checkpoint: " + checkpoint);
  if (settings.has("run_dir") && has_values)
    parts.push_back("Next: kairos plot " + shell_word(settings.text("run_dir")));
  else if (settings.has("save_model"))
    parts.push_back("Next: kairos evaluate --model " + shell_word(settings.text("save_model")) +
                    " --data FILE");
  else if (saved.empty() && checkpoint.empty())
    parts.push_back("Nothing was saved; --save-model FILE keeps the model");
  return parts.empty() ? "" : fmt::format("{}\n", fmt::join(parts, ". "));
}

std::string rescue_outputs(FitOutputs& outputs, FitProgress& progress) {
  if (progress.batches == 0) return "Nothing was saved, because nothing was trained";
  if (const auto record = std::exchange(progress.record, nullptr)) record();
  write_outputs(outputs, progress);
  const std::int64_t next = next_epoch(outputs.options, progress.history);
  std::string text = saved_and_next(outputs, progress.history, next, next >= outputs.options.epochs);
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

void tell_interrupt(const FitOutputs& outputs, const FitProgress& progress) {
  const FitOptions& options = outputs.options;
  const History& history = progress.history;
  if (history.end != RunEnd::Interrupted) return;
  const std::string interrupted = interrupted_by(options.interrupted->load());
  const std::int64_t next = next_epoch(options, history);
  const bool all = next >= options.epochs;
  const std::string when = all ? "after the last epoch"
                               : fmt::format("before the end of epoch {} of {}", next + 1, options.epochs);
  options.messages(Level::Warning, "",
                   progress.batches == 0
                       ? interrupted + " before the first batch; nothing was trained and nothing was saved"
                       : interrupted + " " + when + "; " + saved_and_next(outputs, history, next, all));
}

std::string losses_of_quitting(const Settings& settings) {
  const std::string files = files_of(settings);
  if (files.empty()) return "the training is lost, except for files that callbacks saved";
  return "not written: " + files + ". Files that callbacks saved are kept";
}

}  // namespace kairos::host::cli
