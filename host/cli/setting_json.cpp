// SPDX-License-Identifier: MIT
// JSON values as the texts of flags, and back.
#include "cli/setting_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/setting_values.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

std::string scalar_text(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  return value.dump();
}

/// {"id": "EarlyStopping", "instance": "fast", "options": {…}} as the text of a --plugin: a call with values
/// as Python writes them. null becomes None, which unsets an option.
std::string plugin_spec_text(const nlohmann::json& plugin, const std::string& where) {
  if (!plugin.is_object()) return scalar_text(plugin);
  for (const auto& [key, unused] : plugin.items())
    if (key != "id" && key != "instance" && key != "options")
      throw Error(ErrorKind::Usage, {"KAIROS-U004", where, "unknown key of a plugin", "\"" + key + "\"",
                                     "id, instance, options", suggest(key, {"id", "instance", "options"})});
  std::string text = scalar_text(plugin.value("id", nlohmann::json("")));
  if (plugin.contains("instance")) text += "@" + scalar_text(plugin["instance"]);
  std::string arguments;
  if (plugin.contains("options"))
    for (const auto& [key, value] : plugin["options"].items())
      arguments += (arguments.empty() ? "" : ",") + key + "=" + (value.is_null() ? "None" : value.dump());
  return text + (arguments.empty() ? "" : "(" + arguments + ")");
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

/// In quotes if a list on the command line would split it, or lose a part of it.
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

nlohmann::ordered_json output_json(const Setting& setting, std::span<const std::string> texts) {
  const std::vector<NamedText> all = read_by_output(setting, texts, {});
  const bool lists = setting.type == Type::ListByOutput;
  const auto is_named = [](const NamedText& one) { return !one.name.empty(); };
  if (std::any_of(all.begin(), all.end(), is_named)) {
    if (!std::all_of(all.begin(), all.end(), is_named))
      return std::vector<std::string>(texts.begin(), texts.end());
    nlohmann::ordered_json object;
    for (const NamedText& one : all) {
      if (lists)
        object[one.name].push_back(one.value);
      else
        object[one.name] = one.value;
    }
    return object;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const NamedText& one : all) list.push_back(one.value);
  if (lists) return list;
  return list.empty() ? nlohmann::ordered_json(nullptr) : list.front();
}

bool takes_one_text(const Setting& setting) {
  return setting.type == Type::Text || setting.type == Type::Integer || setting.type == Type::Number ||
         setting.type == Type::Choice || setting.type == Type::Character || setting.type == Type::Switch;
}

/// A list for a setting that takes one value, or values with names.
std::vector<std::string> list_texts(const Setting& setting, const nlohmann::json& list) {
  std::vector<std::string> texts;
  for (const nlohmann::json& one : list) texts.push_back(scalar_text(one));
  if (setting.type == Type::Items) return texts;
  const auto has_name = [](const std::string& text) { return !split_name(text).name.empty(); };
  if (setting.type == Type::Named && std::any_of(texts.begin(), texts.end(), has_name)) return texts;
  std::string joined;
  for (const std::string& text : texts) joined += text + ",";
  if (texts.size() > 1) joined.pop_back();  // a list of one keeps its comma, so that it stays a list
  return {joined};
}

}  // namespace

std::vector<std::string> texts_of(const Setting& setting, const nlohmann::json& value,
                                  const std::string& where) {
  if (setting.key == "plugin") {
    std::vector<std::string> specs;
    for (const nlohmann::json& one : value.is_array() ? value : nlohmann::json::array({value}))
      if (specs.push_back(plugin_spec_text(one, where)); specs.back().empty())
        throw Error(ErrorKind::Usage, {"KAIROS-U004", where, "a plugin has no id", one.dump(), "",
                                       R"(Write {"id": "EarlyStopping", "options": {"patience": 5}})"});
    return specs;
  }
  if (is_by_output(setting)) return output_texts(value);
  if (value.is_array() && takes_one_text(setting))
    throw Error(ErrorKind::Usage, {"KAIROS-U003", where, "this setting takes one value", value.dump(), "",
                                   "Write the value without brackets"});
  if (value.is_array()) return list_texts(setting, value);
  if (value.is_object() && setting.type == Type::Named) {
    std::vector<std::string> texts;
    for (const auto& [key, one] : value.items()) texts.push_back(key + "=" + scalar_text(one));
    return texts;
  }
  const bool has_config = value.is_object() && value.contains("class_name");
  if (value.is_object() && !has_config && setting.key != "model") {
    std::string joined;
    for (const auto& [key, one] : value.items())
      joined += (joined.empty() ? "" : ",") + one_word(key) + "=" + scalar_text(one);
    return {joined};
  }
  return {scalar_text(value)};
}

nlohmann::ordered_json json_of(const Setting& setting, std::span<const std::string> texts) {
  if (setting.type == Type::Items) return std::vector<std::string>(texts.begin(), texts.end());
  if (is_by_output(setting)) return output_json(setting, texts);
  if (texts.empty()) return nullptr;
  const std::string& text = texts.front();
  if (setting.type == Type::Named && !split_name(text).name.empty()) {
    nlohmann::ordered_json object;
    for (const NamedText& one : read_named(setting, texts, {})) object[one.name] = one.value;
    return object;
  }
  if (setting.type == Type::Switch) return read_boolean(text, {});
  if (setting.type == Type::Integer) return read_integer(setting, text, {});
  if (setting.type == Type::Number) return read_number(setting, text, {});
  return text;
}

}  // namespace kairos::host::cli
