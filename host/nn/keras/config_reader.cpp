// SPDX-License-Identifier: MIT
// Typed access to a configuration, with errors that name the key.
#include "nn/keras/config_reader.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host {

std::string brief_json(const nlohmann::json& value) {
  constexpr std::size_t longest = 80;
  // JSON cannot express these.
  if (value.is_number_float() && !std::isfinite(value.get<double>()))
    return std::to_string(value.get<double>());
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > longest) text = text.substr(0, longest) + "…";
  return text;
}

std::string range_text(std::string_view kind, NumberRange range) {
  const auto bound = [](double value) {
    return brief_json(value == std::floor(value) && std::abs(value) < 1e15
                          ? nlohmann::json(static_cast<std::int64_t>(value))
                          : nlohmann::json(value));
  };
  return std::string(kind) + " from " + bound(range.least) + " to " + bound(range.most);
}

ConfigReader::ConfigReader(const nlohmann::json& object, std::string where, KeySource source)
    : object_(object), where_(std::move(where)), source_(std::move(source)) {
  if (!object_.is_object())
    throw Error(ErrorKind::Model,
                {"KAIROS-M003", where_, "the configuration is not an object", brief_json(object_),
                 "an object such as {\"units\": 64}", "Write such an object"});
}

const nlohmann::json* ConfigReader::take(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const auto found = object_.find(std::string(key));
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool ConfigReader::is_null(std::string_view key) const {
  const auto found = object_.find(std::string(key));
  return found != object_.end() && found->is_null();
}

void ConfigReader::bad_value(std::string_view key, const std::string& expected,
                             const std::string& cure) const {
  const auto found = object_.find(std::string(key));
  const bool missing = found == object_.end();
  const std::string name = "\"" + std::string(key) + "\"";
  const std::string give = "Give " + name + (missing ? "" : " such a value");
  throw Error(ErrorKind::Model,
              {"KAIROS-M003", where_, name + (missing ? " is missing" : " has a value that cannot be used"),
               missing ? "" : brief_json(*found), expected, cure.empty() ? give : cure});
}

bool ConfigReader::boolean(std::string_view key, bool fallback) {
  const nlohmann::json* value = take(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) bad_value(key, "true or false");
  return value->get<bool>();
}

std::optional<double> ConfigReader::optional_number(std::string_view key, NumberRange range) {
  const nlohmann::json* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) bad_value(key, range_text("a number", range));
  const double number = value->get<double>();
  if (!std::isfinite(number) || number < range.least || number > range.most)
    bad_value(key, range_text("a number", range));
  return number;
}

double ConfigReader::number(std::string_view key, double fallback, NumberRange range) {
  return optional_number(key, range).value_or(fallback);
}

double ConfigReader::required_number(std::string_view key, NumberRange range) {
  const std::optional<double> value = optional_number(key, range);
  if (!value) bad_value(key, range_text("a number", range));
  return *value;
}

std::optional<std::int64_t> ConfigReader::optional_integer(std::string_view key, NumberRange range) {
  const nlohmann::json* value = take(key);
  if (value == nullptr) return std::nullopt;
  const bool whole = value->is_number() && value->get<double>() == std::floor(value->get<double>());
  if (!whole || value->get<double>() < range.least || value->get<double>() > range.most)
    bad_value(key, range_text("an integer", range));
  return value->is_number_float() ? static_cast<std::int64_t>(value->get<double>())
                                  : value->get<std::int64_t>();
}

std::int64_t ConfigReader::required_integer(std::string_view key, NumberRange range) {
  const std::optional<std::int64_t> value = optional_integer(key, range);
  if (!value) bad_value(key, range_text("an integer", range));
  return *value;
}

std::string ConfigReader::text(std::string_view key, std::string_view fallback) {
  const nlohmann::json* value = take(key);
  if (value == nullptr) return std::string(fallback);
  if (!value->is_string()) bad_value(key, "a text");
  return value->get<std::string>();
}

void ConfigReader::refuse_unsupported(std::string_view key, const nlohmann::json& value,
                                      const nlohmann::json& harmless, std::string_view cure) const {
  throw Error(ErrorKind::Model,
              {"KAIROS-M004", where_, "\"" + std::string(key) + "\" is not supported", brief_json(value),
               harmless.is_null() ? "null" : brief_json(harmless), std::string(cure)});
}

void ConfigReader::unsupported(std::string_view key, const nlohmann::json& harmless, std::string_view cure) {
  refused_.push_back({std::string(key), harmless.is_null() ? "null" : brief_json(harmless)});
  const nlohmann::json* value = take(key);
  if (value != nullptr && *value != harmless) refuse_unsupported(key, *value, harmless, cure);
}

void ConfigReader::check_unknown(const std::string& key, const nlohmann::json& value) const {
  if (const KeyRule* rule = find_key_rule(source_.kind, source_.class_name, key)) {
    if (value.is_null() || is_neutral(*rule, object_, value)) return;
    nlohmann::json expected;
    if (!rule->neutral.empty()) expected = nlohmann::json::parse(rule->neutral).front();
    if (expected.empty()) expected = nullptr;  // [] and {} mean null here
    refuse_unsupported(key, value, expected, rule->cure);
  }
  std::vector<std::string> all = keys_with_rules(source_.kind, source_.class_name);
  all.insert(all.end(), known_.begin(), known_.end());
  const bool is_near = !nearest(key, all).empty();
  if (source_.unknown == nullptr)
    throw Error(ErrorKind::Model,
                {"KAIROS-M002", where_, "there is no argument \"" + key.substr(0, 80) + "\"", "", "",
                 suggest(key, is_near ? all : known_)});
  source_.unknown->add(where_, source_.class_name, key, value, is_near ? suggest(key, all) : "");
}

void ConfigReader::finish() const {
  for (const auto& [key, value] : object_.items())
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) check_unknown(key, value);
}

}  // namespace kairos::host
