// SPDX-License-Identifier: MIT
// Unknown keys and wrong types are errors, so a typo does not change what is replayed.
#include "cli/replay_input.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/input_file.hpp"
#include "base/json.hpp"
#include "cli/setting_values.hpp"
#include "data/csv/cursor.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/history.hpp"
#include "train/history_file.hpp"

namespace kairos::host::cli {

using nlohmann::json;

namespace {

[[noreturn]] void malformed(const std::string& where, const std::string& what, const std::string& found,
                            const std::string& expected, const std::string& cure) {
  throw Error(ErrorKind::Usage, {"KAIROS-U030", where, what, found, expected, cure});
}

std::string shown(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 60) + "…" : text;
}

const json& list_in(const json& object, const char* key, const std::string& where) {
  if (!object.contains(key))
    malformed(where, std::string("the key \"") + key + "\" is missing", "", "a list", "Add it");
  if (!object[key].is_array())
    malformed(where + ": " + key, "the value is not a list", shown(object[key]), "a list",
              "Put it in brackets");
  return object[key];
}

void check_keys(const json& object, const std::vector<std::string>& known, const std::string& where) {
  if (!object.is_object()) malformed(where, "the value is not an object", shown(object), "{…}", "Correct it");
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      malformed(where, "unknown key", "\"" + key + "\"", "", suggest(key, known));
}

LogRow row_from(const json& object, const std::string& where) {
  if (!object.is_object())
    malformed(where, "the value is not an object of logs", shown(object), "{\"loss\": 0.5}", "Correct it");
  LogRow row;
  for (const auto& [key, value] : object.items()) {
    if (value.is_null()) continue;
    if (value == "NaN")
      row.emplace_back(key, std::numeric_limits<double>::quiet_NaN());
    else if (value == "Infinity" || value == "-Infinity")
      row.emplace_back(key, value == "Infinity" ? HUGE_VAL : -HUGE_VAL);
    else if (value.is_number())
      row.emplace_back(key, value.get<double>());
    else
      malformed(where + ": " + key, "the value is not a number", shown(value), "a number, NaN or null",
                "Correct it");
  }
  // The loss comes first, as in Keras.
  std::stable_partition(row.begin(), row.end(), [](const auto& entry) { return entry.first == "loss"; });
  return row;
}

std::vector<ReplayEpoch> epochs_from(const json& one, const std::string& where) {
  std::vector<ReplayEpoch> epochs;
  for (const json& row : list_in(one, "logs", where))
    epochs.push_back({row_from(row, where + ": logs, epoch " + std::to_string(epochs.size())), {}});
  if (!one.contains("batch_logs") || one["batch_logs"].is_null()) return epochs;
  const json& lists = list_in(one, "batch_logs", where);
  if (lists.size() > epochs.size())
    malformed(where + ": batch_logs", "more epochs than in \"logs\"", std::to_string(lists.size()),
              std::to_string(epochs.size()), "Give one list of batches per epoch");
  for (std::size_t e = 0; e < lists.size(); ++e) {
    const std::string place = where + ": batch_logs, epoch " + std::to_string(e);
    if (!lists[e].is_array())
      malformed(place, "the value is not a list", shown(lists[e]), "a list of objects", "Correct it");
    for (const json& row : lists[e]) epochs[e].batches.push_back(row_from(row, place));
  }
  return epochs;
}

/// A value of a callback's configuration as a user would write it after the option's name.
std::string option_text(const json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array() || value.is_object())
    malformed(where, "the option has several values", shown(value), "a number, a text, true or false",
              "Correct it");
  if (value.is_number_float() && !std::isfinite(value.get<double>()))
    return std::isnan(value.get<double>()) ? "nan" : value.get<double>() > 0 ? "inf" : "-inf";
  return value.dump();
}

/// {"class": "EarlyStopping", "config": {"patience": 2, "baseline": null}}
PluginSpec spec_from(const json& callback, const std::string& where) {
  check_keys(callback, {"class", "config"}, where);
  if (!callback.contains("class") || !callback["class"].is_string())
    malformed(where, "the key \"class\" is missing", shown(callback), "the name of a callback", "Add it");
  PluginSpec spec = parse_plugin_spec(callback["class"].get<std::string>());
  const json config = callback.value("config", json::object());
  if (config.is_null()) return spec;
  if (!config.is_object())
    malformed(where + ": config", "the value is not an object", shown(config), "{…}", "Correct it");
  for (const auto& [key, value] : config.items())
    if (!value.is_null())
      spec.options.push_back(
          {key, option_text(value, where + ": " + key), value.is_string() ? Written::Quoted : Written::Bare});
  return spec;
}

double rate_from(const json& one, const std::string& where, double default_rate) {
  if (!one.contains("lr") || one["lr"].is_null()) return default_rate;
  const json& rate = one["lr"];
  const bool good = rate.is_number() && std::isfinite(rate.get<double>()) && rate.get<double>() >= 0;
  if (!good)
    malformed(where + ": lr", "the value is not a learning rate", shown(rate), "0 or more", "Correct it");
  return rate.get<double>();
}

ReplayCase case_from(const json& one, const std::string& where, double default_rate) {
  check_keys(one, {"lr", "logs", "batch_logs", "callbacks", "expect"}, where);
  ReplayCase result;
  result.run.learning_rate = rate_from(one, where, default_rate);
  result.run.epochs = epochs_from(one, where);
  if (!one.contains("callbacks")) return result;
  const json& callbacks = list_in(one, "callbacks", where);
  for (std::size_t i = 0; i < callbacks.size(); ++i) try {
      result.run.plugins.push_back(spec_from(callbacks[i], where + ": callback " + std::to_string(i)));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Plugin) throw;
      result.error = error.what();
    }
  return result;
}

// ---------------------------------------------------------------- logs

/// More than any run has, and small enough that counting does not overflow.
constexpr double latest_epoch = 1e12;

/// The place is only composed for an error: the name of the column may be as long as the file.
std::optional<double> value_from(const std::string& field, const std::string& where,
                                 const std::string& column) {
  if (field.empty() || field == "NA") return std::nullopt;
  const auto value = number_from<double>(field);
  if (!value)
    throw Error(ErrorKind::File,
                {"KAIROS-F065", where + ", column \"" + column + "\"", "the field is not a number",
                 "\"" + field + "\"", "a number, nan, or NA for no value", "Correct the field"});
  return value;
}

std::vector<std::string> next_line(CsvCursor& cursor, const std::string& file) {
  std::vector<std::string> fields;
  do {
    fields.emplace_back();
    if (cursor.text(fields.back()) != CsvFault::None)
      throw Error(ErrorKind::File, {"KAIROS-F065", file + ":" + std::to_string(cursor.line()),
                                    "a quoted field has no closing quote", "", "", "Correct its quotes"});
  } while (cursor.take_delimiter());
  cursor.take_line_end();
  return fields;
}

/// CSVLogger lets its user choose the delimiter: the first one found in the first line.
char delimiter_of(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  for (const char c : {',', ';', '\t'})
    if (line.find(c) != std::string_view::npos) return c;
  return ',';
}

History history_from_csv(std::string_view text, const std::string& file) {
  CsvCursor cursor(text, delimiter_of(text));
  const std::vector<std::string> names = next_line(cursor, file);
  History history;
  for (const std::string& name : names) history.series.push_back({name, {}});
  while (!cursor.at_end()) {
    if (cursor.at_blank_line()) {
      cursor.skip_blank_line();
      continue;
    }
    const std::string where = file + ":" + std::to_string(cursor.line());
    const std::vector<std::string> fields = next_line(cursor, file);
    if (fields.size() != names.size())
      throw Error(ErrorKind::File,
                  {"KAIROS-F065", where, "the number of fields differs from the first line",
                   std::to_string(fields.size()), std::to_string(names.size()), "Fix the row"});
    history.epochs.push_back(static_cast<std::int64_t>(history.epochs.size()));
    for (std::size_t i = 0; i < fields.size(); ++i)
      history.series[i].values.push_back(value_from(fields[i], where, names[i]));
  }
  const auto epoch = std::find_if(history.series.begin(), history.series.end(),
                                  [](const History::Series& one) { return one.key == "epoch"; });
  if (epoch == history.series.end()) return history;
  for (std::size_t i = 0; i < epoch->values.size(); ++i) {
    const double index = epoch->values[i].value_or(-1);
    if (!(index >= 0 && index <= latest_epoch && index == std::floor(index)))
      throw Error(ErrorKind::File,
                  {"KAIROS-F065", file, "column \"epoch\" holds a value that is not an epoch index",
                   std::to_string(index), "0, 1, …", "Correct the column"});
    history.epochs[i] = static_cast<std::int64_t>(index);
  }
  history.series.erase(epoch);
  return history;
}

/// Each epoch in memory holds the names of its logs, while the file holds them once: bounds the memory.
void check_names(const History& history, const std::string& file) {
  constexpr std::uint64_t most = std::uint64_t{256} << 20;
  std::uint64_t names = 0;
  for (const History::Series& one : history.series) names += one.key.size();
  if (names == 0 || history.epochs.size() <= most / names) return;
  throw Error(ErrorKind::File,
              {"KAIROS-F065", file, "the names of the logs are too long for this number of epochs",
               std::to_string(names) + " bytes in each of " + std::to_string(history.epochs.size()),
               "at most " + std::to_string(most) + " bytes in all", "Shorten the names"});
}

}  // namespace

std::vector<ReplayCase> read_cases(const std::filesystem::path& file, double default_rate) {
  const json document = read_json(file, JsonDialect::Python);
  const std::string name = file.string();
  if (document.is_object() && document.contains("history"))
    malformed(name, "this is a History, not a file of cases", "", "{\"cases\": […]}", "Give it with --logs");
  if (!document.is_object())
    malformed(name, "the file is not a JSON object", shown(document), "{\"cases\": […]}", "Correct it");
  std::vector<ReplayCase> cases;
  for (const json& one : list_in(document, "cases", name))
    cases.push_back(case_from(one, name + ": case " + std::to_string(cases.size()), default_rate));
  return cases;
}

ReplayRun read_logs(const std::filesystem::path& file) {
  constexpr std::uint64_t largest = 64 << 20;
  const History history = file.extension() == ".jsonl" ? read_history_lines(file)
                          : kind_of(file) == FileKind::Json
                              ? parse_history(read_file(file, largest), file.string())
                              : history_from_csv(read_file(file, largest), file.string());
  check_names(history, file.string());
  ReplayRun run;
  if (!history.epochs.empty())
    run.initial_epoch =
        std::clamp<std::int64_t>(history.epochs.front(), 0, static_cast<std::int64_t>(latest_epoch));
  run.epochs.resize(history.epochs.size());
  for (std::size_t e = 0; e < run.epochs.size(); ++e) {
    if (history.epochs[e] != run.initial_epoch + static_cast<std::int64_t>(e))
      throw Error(
          ErrorKind::File,
          {"KAIROS-F065", file.string(), "the epochs are not consecutive", std::to_string(history.epochs[e]),
           std::to_string(run.initial_epoch + static_cast<std::int64_t>(e)), "Give the logs of one run"});
    for (const History::Series& one : history.series)
      if (one.values[e]) run.epochs[e].logs.emplace_back(one.key, *one.values[e]);
  }
  return run;
}

}  // namespace kairos::host::cli
