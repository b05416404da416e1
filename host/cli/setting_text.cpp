// SPDX-License-Identifier: MIT
// Values of settings: flags, names in front of them, and JSON, each as the other.
#include "cli/setting_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

std::string scalar_text(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  return value.dump();
}

/// {"id": "EarlyStopping", "instance": "fast", "options": {…}} as the text of a --plugin: a call, whose
/// values JSON writes as Python does, but for null: as None it unsets an option, and is refused by one that
/// always has a value.
std::string plugin_spec_text(const nlohmann::json& plugin, const std::string& where) {
  if (!plugin.is_object()) return scalar_text(plugin);
  for (const auto& [key, unused] : plugin.items())
    if (key != "id" && key != "instance" && key != "options")
      throw Error(ErrorKind::Usage, {"KAIROS-U004", where, "a plugin has an unknown key", "\"" + key + "\"",
                                     "id, instance, options", suggest(key, {"id", "instance", "options"})});
  std::string text = scalar_text(plugin.value("id", nlohmann::json("")));
  if (plugin.contains("instance")) text += "@" + scalar_text(plugin["instance"]);
  std::string arguments;
  if (plugin.contains("options"))
    for (const auto& [key, value] : plugin["options"].items())
      arguments += (arguments.empty() ? "" : ",") + key + "=" + (value.is_null() ? "None" : value.dump());
  return text + (arguments.empty() ? "" : "(" + arguments + ")");
}

/// "kind=mse" as {"kind", "mse"}; in "huber(delta=1)" the '=' belongs to an argument.
NamedText split_output(const std::string& text) {
  const std::size_t end = text.find_first_of("=({[\"',");
  if (end == std::string::npos || end == 0 || text[end] != '=') return {"", text};
  return {text.substr(0, end), text.substr(end + 1)};
}

/// {"class_name": "Huber", "config": {"delta": 0.5}} as "Huber(delta=0.5)".
std::string call_text(const nlohmann::json& value) {
  if (!value.is_object() || !value.contains("class_name")) return scalar_text(value);
  std::string arguments;
  if (const auto config = value.find("config"); config != value.end() && config->is_object())
    for (const auto& [key, one] : config->items())
      if (!one.is_null()) arguments += (arguments.empty() ? "" : ",") + key + "=" + one.dump();
  return scalar_text(value["class_name"]) + (arguments.empty() ? "" : "(" + arguments + ")");
}

/// Between quotes where a list on the command line would take it for several, or would lose a part of it.
std::string one_word(const std::string& text) {
  if (text.find_first_of(",\"' ") == std::string::npos) return text;
  const char quote = text.find('"') == std::string::npos ? '"' : '\'';
  return quote + text + quote;
}

/// {"kind": "mse", "amount": null} or ["mae", "mse"] as flags would have given it.
std::vector<std::string> output_texts(const nlohmann::json& value) {
  std::vector<std::string> texts;
  const auto text_of = [](const nlohmann::json& one) {
    if (!one.is_array()) return one.is_null() ? std::string("none") : call_text(one);
    std::string joined;
    for (const nlohmann::json& part : one) joined += (joined.empty() ? "" : ",") + call_text(part);
    return joined;
  };
  if (value.is_object() && !value.contains("class_name"))
    for (const auto& [name, one] : value.items()) texts.push_back(name + "=" + text_of(one));
  else if (value.is_array())
    for (const nlohmann::json& one : value) texts.push_back(call_text(one));
  else
    texts.push_back(call_text(value));
  return texts;
}

nlohmann::ordered_json output_json(const Setting& setting, const std::vector<std::string>& values) {
  const std::vector<NamedText> all = split_outputs(setting, values);
  const auto is_named = [](const NamedText& one) { return !one.name.empty(); };
  if (std::any_of(all.begin(), all.end(), is_named)) {
    if (!std::all_of(all.begin(), all.end(), is_named)) return values;
    nlohmann::ordered_json object;
    for (const NamedText& one : all) {
      if (setting.kind == Kind::ByOutput)
        object[one.name] = one.value;
      else
        object[one.name].push_back(one.value);
    }
    return object;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const NamedText& one : all) list.push_back(one.value);
  if (setting.kind == Kind::ListByOutput) return list;
  return list.empty() || list.front() == "" ? nlohmann::ordered_json(nullptr) : list.front();
}

}  // namespace

std::string flag_of(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

NamedText split_name(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || text.find('/') < equals) return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

bool is_by_output(const Setting& setting) {
  return setting.kind == Kind::ByOutput || setting.kind == Kind::ListByOutput;
}

std::vector<NamedText> split_outputs(const Setting& setting, const std::vector<std::string>& values) {
  std::vector<NamedText> all;
  for (const std::string& text : values) {
    if (setting.kind == Kind::ByOutput) {
      all.push_back(split_output(text));
      continue;
    }
    std::string name;
    for (const std::string& part : split_list(text)) {
      NamedText one = split_output(part);
      if (!one.name.empty()) name = one.name;
      all.push_back({name, std::move(one.value)});
    }
  }
  return all;
}

void check_outputs(const Setting& setting, const std::vector<std::string>& values, const std::string& where) {
  std::set<std::string> seen;
  for (const NamedText& one : split_outputs(setting, values)) {
    if (one.value.empty())
      throw Error(ErrorKind::Usage, {"KAIROS-U003", where, "a value is missing", "\"" + one.name + "=\"",
                                     "VALUE or NAME=VALUE", "Write the value behind the name of the output"});
    if (setting.kind == Kind::ByOutput && !seen.insert(one.name).second)
      throw Error(ErrorKind::Usage, {"KAIROS-U003", where,
                                     one.name.empty() ? "one output has two values" : "a name is given twice",
                                     "\"" + (one.name.empty() ? one.value : one.name) + "\"",
                                     "each output once", "Name the output as NAME=VALUE"});
  }
}

void check_names(const Setting& setting, const std::vector<std::string>& values, const std::string& where) {
  const std::string example = flag_of(setting.key) + " NAME=";
  std::set<std::string> seen;
  for (const std::string& text : values) {
    const NamedText one = split_name(text);
    const bool alone = text.find('=') == std::string::npos || one.value == text;
    if (!alone && (one.name.empty() || one.value.empty()))
      throw Error(
          ErrorKind::Usage,
          {"KAIROS-U003", where, one.name.empty() ? "a name is missing" : "a value is missing",
           "\"" + text + "\"", "NAME=VALUE", "Write " + example + (one.value.empty() ? "…" : one.value)});
    if (alone && values.size() > 1)
      throw Error(ErrorKind::Usage, {"KAIROS-U003", where, "one of several values has no name",
                                     "\"" + text + "\"", "NAME=VALUE", "Write " + example + text});
    if (!seen.insert(one.name).second)
      throw Error(ErrorKind::Usage, {"KAIROS-U003", where, "a name is given twice", "\"" + one.name + "\"",
                                     "each name once", "Take one of them out"});
  }
}

std::vector<std::string> texts_of(const Setting& setting, const nlohmann::json& value,
                                  const std::string& where) {
  if (std::string_view(setting.key) == "plugin") {
    std::vector<std::string> specs;
    for (const nlohmann::json& one : value.is_array() ? value : nlohmann::json::array({value}))
      specs.push_back(plugin_spec_text(one, where));
    return specs;
  }
  if (is_by_output(setting)) return output_texts(value);
  if (value.is_array()) {
    std::vector<std::string> texts;
    for (const nlohmann::json& one : value) texts.push_back(scalar_text(one));
    if (setting.kind == Kind::List || setting.kind == Kind::Items) return texts;
    const auto has_name = [](const std::string& text) { return !split_name(text).name.empty(); };
    if (setting.kind == Kind::Named && std::any_of(texts.begin(), texts.end(), has_name)) return texts;
    std::string joined;
    for (const std::string& text : texts) joined += text + ",";
    if (texts.size() > 1) joined.pop_back();  // A list of one keeps its comma, so that it stays a list.
    return {joined};
  }
  if (value.is_object() && setting.kind == Kind::Named) {
    std::vector<std::string> texts;
    for (const auto& [key, one] : value.items()) texts.push_back(key + "=" + scalar_text(one));
    return texts;
  }
  const bool has_config = value.is_object() && value.contains("class_name");
  if (value.is_object() && !has_config && std::string_view(setting.key) != "model") {
    std::string joined;
    for (const auto& [key, one] : value.items())
      joined += (joined.empty() ? "" : ",") + one_word(key) + "=" + scalar_text(one);
    return {joined};
  }
  return {scalar_text(value)};
}

nlohmann::ordered_json json_of(const Setting& setting, const std::vector<std::string>& values) {
  if (setting.kind == Kind::List || setting.kind == Kind::Items) return values;
  if (is_by_output(setting)) return output_json(setting, values);
  if (values.empty() || values.front().empty()) return nullptr;
  if (setting.kind == Kind::Named && !split_name(values.front()).name.empty()) {
    nlohmann::ordered_json object;
    for (const std::string& text : values) object[split_name(text).name] = split_name(text).value;
    return object;
  }
  const std::string& text = values.front();
  if (setting.kind == Kind::Int) return read_as<std::int64_t>(text);
  if (setting.kind == Kind::Number) return read_as<double>(text);
  return text;
}

}  // namespace kairos::host::cli
