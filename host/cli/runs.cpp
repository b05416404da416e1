// SPDX-License-Identifier: MIT
// kairos runs: lists the runs in a directory, or compares some.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "base/json_number.hpp"
#include "cli/command.hpp"
#include "cli/run_differences.hpp"
#include "cli/run_summary.hpp"
#include "cli/text_table.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* overview =
    "kairos runs: list runs, or compare them\n\n"
    "  kairos runs list DIR              list the runs in the directory DIR\n"
    "  kairos runs compare DIR DIR…      compare results, and settings that differ\n\n"
    "A run is a directory that was given to fit as --run-dir.\n"
    "`kairos runs list --help` and `kairos runs compare --help` list the flags.\n";

constexpr const char* results_explanation =
    "\nResult: completed; stopped by a callback; interrupted by a signal; failed; running; crashed, if the "
    "process ended\nwithout recording its end; unknown, if run.json is missing or of an earlier version; "
    "unreadable, if run.json is damaged.\nThe best epoch is that of --monitor. Epochs are counted from 1. "
    "The history of a run that goes on or has crashed is\nthat of its history.jsonl.\n";

constexpr const char* list_json =
    "JSON: {\"runs\": [{\"run\", \"result\", \"reason\", \"started\", \"seconds\", \"epochs\", \"monitor\", "
    "\"best_epoch\", \"metrics\": {KEY:\n{\"best\", \"last\"}}, \"history_fault\"}]}, with null for what is "
    "not known. Keys are only ever added.\n";

constexpr const char* compare_json = "JSON: the same, and \"differences\": {NAME: [value of each run]}.\n";

[[noreturn]] void bad_usage(const char* code, const std::string& where, const std::string& what,
                            const std::string& found, const std::string& cure) {
  throw Error(ErrorKind::Usage, {code, where, what, found, "", cure});
}

void check_format(const Settings& settings) {
  if (settings.is_on("json") && settings.is_on("csv"))
    bad_usage("KAIROS-U001", "kairos runs", "--json and --csv are mutually exclusive", "",
              "Give one of them");
}

// ---------------------------------------------------------------- values

/// For people with few digits, else in full.
std::string number_text(std::optional<double> value, bool in_full) {
  if (!value) return "";
  return in_full ? fmt::format("{}", *value) : fmt::format("{:.4g}", *value);
}

/// "12.3 s", "5 min 20 s", "3 h 05 min"
std::string duration_text(std::optional<double> seconds, bool in_full) {
  if (!seconds || in_full) return number_text(seconds, true);
  constexpr double minute = 60, hour = 3600, day = 86400;
  const double s = std::clamp(*seconds, 0.0, 1e12);
  const auto whole = static_cast<std::int64_t>(s);
  if (s < minute) return fmt::format("{:.1f} s", s);
  if (s < hour) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  if (s < day) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {:02} h", whole / 86400, whole / 3600 % 24);
}

std::optional<double> value_at(const RunSummary& run, const std::string& key,
                               std::optional<std::size_t> index) {
  const auto* const values = run.history.find(key);
  return values == nullptr || !index ? std::nullopt : (*values)[*index];
}

std::optional<std::size_t> last_epoch(const RunSummary& run) {
  return run.history.epochs.empty() ? std::nullopt : std::optional(run.history.epochs.size() - 1);
}

std::string epoch_text(const RunSummary& run, std::optional<std::size_t> index) {
  return index ? std::to_string(run.history.epochs[*index] + 1) : "";
}

/// What a table of results leaves out; "" if nothing.
std::string notes_of(const RunSummary& run) {
  std::string notes;
  for (const std::string& note :
       {run.reason, run.history_fault.empty() ? "" : "history: " + run.history_fault})
    if (!note.empty()) notes += (notes.empty() ? "" : "; ") + note;
  return notes;
}

ordered_json json_of(const RunSummary& run) {
  const auto known = [](const std::string& text) {
    return text.empty() ? ordered_json() : ordered_json(text);
  };
  ordered_json json{{"run", run.name}, {"result", run.result}, {"reason", known(run.reason)}};
  json["started"] = known(run.started);
  json["seconds"] = json_number(run.seconds);
  json["epochs"] = run.history.epochs.size();
  json["monitor"] = known(run.monitor);
  json["best_epoch"] = run.best ? ordered_json(run.history.epochs[*run.best] + 1) : ordered_json();
  json["metrics"] = ordered_json::object();
  for (const History::Series& series : run.history.series)
    json["metrics"][series.key] = {{"best", json_number(value_at(run, series.key, run.best))},
                                   {"last", json_number(value_at(run, series.key, last_epoch(run)))}};
  json["history_fault"] = known(run.history_fault);
  return json;
}

std::string dumped(const ordered_json& document) {
  return document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// ---------------------------------------------------------------- list

[[noreturn]] void no_runs(const std::string& place, const std::string& what, const std::string& found) {
  throw Error(ErrorKind::File, {"KAIROS-F092", place, what, found, "a directory that holds run directories",
                                "Name the directory in which the directories of --run-dir are"});
}

[[noreturn]] void no_run(const std::string& place, const std::string& what, const std::string& found) {
  throw Error(ErrorKind::File, {"KAIROS-F092", place, what, found, "the directory of a run",
                                "Name the directory that --run-dir of the run named"});
}

/// The runs in a directory, by name; the directory itself, if it is one.
std::vector<fs::path> runs_in(const std::string& place) {
  std::error_code error;
  if (!fs::exists(place, error)) no_runs(place, "there is no directory of this name", "");
  if (!fs::is_directory(place, error)) no_runs(place, "this is not a directory", "a file");
  if (is_run_directory(place)) return {place};
  std::vector<fs::path> runs;
  fs::directory_iterator entry(place, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored) && is_run_directory(entry->path())) runs.push_back(entry->path());
  }
  if (error) no_runs(place, "the directory cannot be read", error.message());
  if (runs.empty()) no_runs(place, "there is no run in this directory", "");
  std::ranges::sort(runs);
  return runs;
}

Table list_of(const std::vector<RunSummary>& runs, bool in_full) {
  Table table{{"run", "result", "started", in_full ? "seconds" : "duration", "epochs", "metric", "best",
               in_full ? "best_epoch" : "in epoch", "last"}};
  for (const RunSummary& run : runs)
    table.push_back({run.name, run.result, run.started, duration_text(run.seconds, in_full),
                     std::to_string(run.history.epochs.size()), run.monitor,
                     number_text(value_at(run, run.monitor, run.best), in_full), epoch_text(run, run.best),
                     number_text(value_at(run, run.monitor, last_epoch(run)), in_full)});
  if (!in_full) return table;
  table.front().emplace_back("notes");
  for (std::size_t i = 0; i < runs.size(); ++i) table[i + 1].push_back(notes_of(runs[i]));
  return table;
}

std::string notes_below(const std::vector<RunSummary>& runs) {
  std::string text;
  for (const RunSummary& run : runs)
    if (const std::string notes = notes_of(run); !notes.empty()) text += run.name + ": " + notes + "\n";
  return text.empty() ? "" : "\n" + text;
}

int list(Arguments arguments) {
  const auto [places, settings] = read_command_line(Command::RunsList, arguments);
  if (settings.help_wanted())
    return print(settings.help("list the runs in a directory", "DIR") + results_explanation + list_json), 0;
  if (places.size() != 1)
    bad_usage("KAIROS-U040", "kairos runs list", "expected one directory",
              places.empty() ? "none" : std::to_string(places.size()), "Write kairos runs list DIR");
  check_format(settings);
  std::vector<RunSummary> runs;
  for (const fs::path& directory : runs_in(places.front())) {
    const bool is_place = directory == places.front();
    runs.push_back(summary_of(directory, is_place ? directory.string() : directory.filename().string(),
                              settings.text("monitor")));
  }
  if (settings.is_on("json")) {
    ordered_json document{{"runs", ordered_json::array()}};
    for (const RunSummary& run : runs) document["runs"].push_back(json_of(run));
    return print(dumped(document)), 0;
  }
  if (settings.is_on("csv")) return print(csv_of(list_of(runs, true))), 0;
  print(text_of(list_of(runs, false)) + notes_below(runs));
  return 0;
}

// ---------------------------------------------------------------- compare

template <class Text>
void add_row(Table& table, const std::string& name, const std::vector<RunSummary>& runs, Text&& text) {
  table.push_back({name});
  for (const RunSummary& run : runs) table.back().push_back(text(run));
}

Table comparison_of(const std::vector<RunSummary>& runs, const Differences& differences, bool in_full) {
  Table table{{""}};
  for (const RunSummary& run : runs) table.front().push_back(run.name);
  add_row(table, "result", runs, [](const RunSummary& run) { return run.result; });
  if (std::ranges::any_of(runs, [](const RunSummary& run) { return !notes_of(run).empty(); }))
    add_row(table, "reason", runs, notes_of);
  add_row(table, "started", runs, [](const RunSummary& run) { return run.started; });
  add_row(table, in_full ? "seconds" : "duration", runs,
          [&](const RunSummary& run) { return duration_text(run.seconds, in_full); });
  add_row(table, "epochs run", runs,
          [](const RunSummary& run) { return std::to_string(run.history.epochs.size()); });
  add_row(table, "metric", runs, [](const RunSummary& run) { return run.monitor; });
  add_row(table, "best epoch", runs, [](const RunSummary& run) { return epoch_text(run, run.best); });
  std::vector<std::string> keys;
  for (const RunSummary& run : runs)
    for (const History::Series& series : run.history.series)
      if (std::ranges::find(keys, series.key) == keys.end()) keys.push_back(series.key);
  for (const std::string& key : keys) {
    add_row(table, key + " best", runs,
            [&](const RunSummary& run) { return number_text(value_at(run, key, run.best), in_full); });
    add_row(table, key + " last", runs,
            [&](const RunSummary& run) { return number_text(value_at(run, key, last_epoch(run)), in_full); });
  }
  for (const auto& [name, values] : differences) {
    table.push_back({name});
    for (const ordered_json& value : values) table.back().push_back(difference_text(value, in_full));
  }
  return table;
}

int compare(Arguments arguments) {
  const auto [places, settings] = read_command_line(Command::RunsCompare, arguments);
  if (settings.help_wanted())
    return print(settings.help("compare results of runs, and settings that differ", "DIR DIR…") +
                 results_explanation + list_json + compare_json),
           0;
  if (places.size() < 2)
    bad_usage("KAIROS-U040", "kairos runs compare", "expected two run directories or more",
              std::to_string(places.size()), "Write kairos runs compare DIR DIR");
  check_format(settings);
  std::vector<RunSummary> runs;
  for (const std::string& place : places) {
    std::error_code error;
    if (!fs::is_directory(place, error))
      no_run(place,
             fs::exists(place, error) ? "this is not a directory" : "there is no directory of this name", "");
    if (!is_run_directory(place))
      no_run(place, "this is not the directory of a run", "no run.json and no history");
    runs.push_back(summary_of(place, place, settings.text("monitor")));
  }
  const Differences differences = differences_of(runs);
  if (settings.is_on("json")) {
    ordered_json document{{"runs", ordered_json::array()}, {"differences", ordered_json::object()}};
    for (const RunSummary& run : runs) document["runs"].push_back(json_of(run));
    for (const auto& [name, values] : differences) document["differences"][name] = values;
    return print(dumped(document)), 0;
  }
  const bool as_csv = settings.is_on("csv");
  const Table table = comparison_of(runs, differences, as_csv);
  print(as_csv ? csv_of(table) : text_of(table));
  return 0;
}

}  // namespace

int run_runs(Arguments arguments) {
  if (arguments.empty())
    bad_usage("KAIROS-U001", "kairos runs", "the subcommand is missing", "",
              "Write kairos runs list DIR, or kairos runs compare DIR DIR");
  const std::string& command = arguments.front();
  if (command == "list") return list(arguments.subspan(1));
  if (command == "compare") return compare(arguments.subspan(1));
  if (command == "--help" || command == "-h" || command == "help") return print(overview), 0;
  bad_usage("KAIROS-U001", "kairos runs", "unknown subcommand", "\"" + command + "\"",
            suggest(command, {"list", "compare"}));
}

}  // namespace kairos::host::cli
