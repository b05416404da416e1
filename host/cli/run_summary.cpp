// SPDX-License-Identifier: MIT
// A run holds a lock on its directory, so a record without an end and without a lock is that of a crash.
#include "cli/run_summary.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <exception>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "base/input_file.hpp"
#include "base/json.hpp"
#include "cli/best_epoch.hpp"
#include "cli/live_history.hpp"
#include "cli/settings.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

bool is_locked(const fs::path& directory) {
  const int opened = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return false;
  const bool locked = ::flock(opened, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(opened);
  return locked;
}

/// What failed, without its code and without what to do.
std::string fault_of(const Error& error) {
  Diagnosis diagnosis = error.diagnosis();
  diagnosis.cure.clear();
  std::string text = diagnosis.text();
  if (text.starts_with(diagnosis.code + ": ")) text.erase(0, diagnosis.code.size() + 2);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string text_in(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Seconds since 1970; empty for another text than "2026-01-31T12:00:00Z".
std::optional<std::time_t> time_of(const std::string& text) {
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&parts);
}

void read_facts(const ordered_json& facts, const fs::path& directory, RunSummary& run) {
  constexpr std::array<std::string_view, 4> ends{"completed", "stopped", "interrupted", "failed"};
  const std::string result = text_in(facts, "result");
  run.started = text_in(facts, "started");
  if (!time_of(run.started)) run.started.clear();
  if (result == "running") {
    run.result = is_locked(directory) ? "running" : "crashed";
    if (run.result == "running" && !run.started.empty())
      run.seconds = std::difftime(std::time(nullptr), *time_of(run.started));
    return;
  }
  if (std::ranges::find(ends, result) != ends.end()) run.result = result;
  run.reason = text_in(facts, "reason");
  const auto seconds = facts.find("seconds");
  if (seconds != facts.end() && seconds->is_number()) run.seconds = seconds->get<double>();
}

/// The settings as the program reads them, else as they are written.
ordered_json settings_in(const fs::path& file, ordered_json document) {
  try {
    const std::vector<std::string> arguments{"--config", file.string()};
    return ordered_json::parse(Settings(Command::Fit, arguments).json());
  } catch (const std::exception&) {
    document.erase("run");
    return document;
  }
}

void read_record(const fs::path& directory, RunSummary& run) {
  const fs::path file = directory / "run.json";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    run.reason = "there is no run.json";
    return;
  }
  constexpr std::uint64_t largest = std::uint64_t{64} << 20;
  const std::string text = read_file(file, largest);
  if (!parse_json(text, file.string()).is_object())
    throw Error(ErrorKind::File, {"", file.string(), "the file is not a JSON object", "", "", ""});
  const ordered_json document = ordered_json::parse(text);
  run.settings = settings_in(file, document);
  const auto facts = document.find("run");
  if (facts == document.end() || !facts->is_object()) {
    run.reason = "run.json does not say how the run ended";
    return;
  }
  run.facts = *facts;
  read_facts(*facts, directory, run);
}

/// The history of this run: an earlier one in the same directory may have left another.
void read_history(const fs::path& directory, RunSummary& run) {
  constexpr std::int64_t second = 1'000'000'000;
  const fs::path file = history_file_in(directory);
  const std::optional<FileStamp> stamp = stamp_of(file);
  if (!stamp) return;
  const std::optional<std::time_t> started = time_of(run.started);
  if (started && stamp->modified / second < *started) return;
  run.history = read_history_file(file);
}

std::vector<PluginSpec> plugins_of(const ordered_json& settings) {
  std::vector<PluginSpec> specs;
  const auto plugins = settings.find("plugin");
  if (plugins == settings.end() || !plugins->is_array()) return specs;
  for (const ordered_json& one : *plugins) try {
      if (one.is_string()) specs.push_back(parse_plugin_spec(one.get<std::string>()));
    } catch (const Error&) {
      continue;  // it monitors nothing then
    }
  return specs;
}

}  // namespace

RunSummary summary_of(const fs::path& directory, const std::string& name, const std::string& monitor) {
  RunSummary run;
  run.name = name;
  try {
    read_record(directory, run);
  } catch (const Error& error) {
    run.result = "unreadable";
    run.reason = fault_of(error);
  } catch (const std::exception& error) {
    run.result = "unreadable";
    run.reason = error.what();
  }
  try {
    read_history(directory, run);
  } catch (const Error& error) {
    run.history_fault = fault_of(error);
  } catch (const std::exception& error) {
    run.history_fault = error.what();
  }
  run.monitor = monitor.empty() ? monitored_key(plugins_of(run.settings), run.history) : monitor;
  run.best = best_epoch(run.history, run.monitor);
  return run;
}

bool is_run_directory(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / "run.json", ignored) || fs::exists(directory / "history.json", ignored) ||
         fs::exists(directory / live_history_name, ignored);
}

}  // namespace kairos::host::cli
