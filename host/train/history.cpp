// SPDX-License-Identifier: MIT
// History as data and as text.
#include "kairos/host/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/json.hpp"
#include "base/json_number.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

const std::vector<std::optional<double>>* History::find(std::string_view key) const noexcept {
  const auto found =
      std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.key == key; });
  return found == series.end() ? nullptr : &found->values;
}

std::optional<double> History::last(std::string_view key) const noexcept {
  const auto* values = find(key);
  if (values == nullptr) return std::nullopt;
  const auto value =
      std::find_if(values->rbegin(), values->rend(), [](const auto& v) { return v.has_value(); });
  return value == values->rend() ? std::nullopt : *value;
}

void History::append(std::int64_t epoch, std::span<const LogKey> keys, const std::vector<LogValue>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].available || find(keys[i].name) != nullptr) continue;
    // A new key has no value in the earlier epochs.
    series.push_back({keys[i].name, std::vector<std::optional<double>>(epochs.size())});
  }
  epochs.push_back(epoch);
  for (Series& one : series) one.values.emplace_back();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].available) continue;
    const auto own =
        std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.key == keys[i].name; });
    own->values.back() = values[i].value;
  }
}

// ---------------------------------------------------------------- text

namespace {

/// As Python's repr(float), and None.
std::string python_number(const std::optional<double>& value) {
  if (!value) return "None";
  if (!std::isfinite(*value)) return std::isnan(*value) ? "nan" : *value > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{}", *value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

[[noreturn]] void malformed(std::string_view origin, const std::string& found) {
  throw Error(ErrorKind::File, {"KAIROS-F050", std::string(origin), "this is not a History", found,
                                R"({"epoch": […], "history": {"loss": […]}})",
                                "Give a History that was written as .json, or one saved from Keras"});
}

std::optional<double> number_from(const nlohmann::json& value, std::string_view origin) {
  std::optional<double> number;
  if (!read_json_number(value, number)) malformed(origin, "the value " + value.dump().substr(0, 40));
  return number;
}

}  // namespace

std::string History::json() const {
  nlohmann::ordered_json document;
  document["epoch"] = epochs;
  document["history"] = nlohmann::ordered_json::object();
  for (const Series& one : series) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& value : one.values) list.push_back(json_number(value));
    document["history"][one.key] = std::move(list);
  }
  return document.dump(1) + "\n";
}

std::string History::csv() const {
  std::string out = "epoch";
  for (const Series& one : series) out += "," + one.key;
  out += "\n";
  for (std::size_t row = 0; row < epochs.size(); ++row) {
    out += std::to_string(epochs[row]);
    for (const Series& one : series) out += one.values[row] ? fmt::format(",{}", *one.values[row]) : ",NA";
    out += "\n";
  }
  return out;
}

std::string History::text() const {
  std::string out = "{";
  for (const Series& one : series) {
    if (out.size() > 1) out += ", ";
    out += "'" + one.key + "': [";
    for (std::size_t i = 0; i < one.values.size(); ++i)
      out += (i == 0 ? "" : ", ") + python_number(one.values[i]);
    out += "]";
  }
  return out + "}\n";
}

History parse_history(std::string_view json, std::string_view origin) {
  const nlohmann::json document = parse_json(json, origin, JsonDialect::Python);
  if (!document.is_object()) malformed(origin, "a value that is not an object");
  const nlohmann::json& lists = document.contains("history") ? document["history"] : document;
  if (!lists.is_object()) malformed(origin, "\"history\" that is not an object");
  History history;
  std::size_t length = 0;
  for (const auto& [key, list] : lists.items()) {
    if (!list.is_array()) malformed(origin, "\"" + key + "\" that is not a list");
    History::Series series{key, {}};
    for (const nlohmann::json& value : list) series.values.push_back(number_from(value, origin));
    length = std::max(length, series.values.size());
    history.series.push_back(std::move(series));
  }
  for (const History::Series& one : history.series)
    if (one.values.size() != length)
      malformed(origin, "\"" + one.key + "\" with " + std::to_string(one.values.size()) +
                            " values where another key has " + std::to_string(length));
  for (std::size_t i = 0; i < length; ++i) history.epochs.push_back(static_cast<std::int64_t>(i));
  if (document.contains("epoch") && document.contains("history")) {
    const nlohmann::json& epochs = document["epoch"];
    if (!epochs.is_array() || epochs.size() != length ||
        !std::all_of(epochs.begin(), epochs.end(), [](const auto& e) { return e.is_number_integer(); }))
      malformed(origin, "\"epoch\" without one whole number per value");
    history.epochs = epochs.get<std::vector<std::int64_t>>();
  }
  return history;
}

void check_history_ending(const std::filesystem::path& file) {
  const FileKind kind = kind_of(file);
  if (kind == FileKind::Json || kind == FileKind::Csv || kind == FileKind::Text) return;
  throw Error(
      ErrorKind::Usage,
      {"KAIROS-U020", file.string(), "the file extension selects the format of a History", shown_ending(file),
       endings({FileKind::Json, FileKind::Csv, FileKind::Text}), "Choose one of them"});
}

void write_history(const History& history, const std::filesystem::path& file) {
  check_history_ending(file);
  make_parent_directories(file);
  const FileKind kind = kind_of(file);
  write_file(file, kind == FileKind::Json  ? history.json()
                   : kind == FileKind::Csv ? history.csv()
                                           : history.text());
}

}  // namespace kairos::host
