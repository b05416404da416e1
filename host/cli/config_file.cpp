// SPDX-License-Identifier: MIT
// Comments become spaces, so that lines and columns of messages stay right.
#include "cli/config_file.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/input_file.hpp"
#include "base/json.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& what, const std::string& found,
                         const std::string& expected, const std::string& cure) {
  throw Error(ErrorKind::Usage, {"KAIROS-U004", where, what, found, expected, cure});
}

std::string without_comments(std::string text, const std::string& name) {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      i = end_of_json_string(text, i) + 1;
      continue;
    }
    const bool line = text.compare(i, 2, "//") == 0;
    if (!line && text.compare(i, 2, "/*") != 0) {
      ++i;
      continue;
    }
    std::size_t end = text.find(line ? "\n" : "*/", i + 2);
    if (end == std::string::npos && !line) refuse(name, "a comment does not end", "/*", "*/", "Close it");
    end = end == std::string::npos ? text.size() : end + (line ? 0 : 2);
    for (; i < end; ++i)
      if (text[i] != '\n') text[i] = ' ';
  }
  return text;
}

/// The parser keeps the last of equal keys; this finds them first.
void refuse_equal_keys(const std::string& text, const std::string& name) {
  using json = nlohmann::json;
  std::vector<std::set<std::string>> open;
  const json::parser_callback_t watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second)
      refuse(name, "a key is given twice", "\"" + value.get<std::string>() + "\"", "each key once",
             "Leave one out");
    return true;
  };
  const json checked = json::parse(text, watch);
}

}  // namespace

nlohmann::json read_config_file(const std::filesystem::path& file) {
  const std::string name = file.string();
  const std::string text = without_comments(read_file(file, std::size_t{64} << 20), name);
  nlohmann::json document = parse_json(text, name);
  if (!document.is_object())
    refuse(name, "a configuration is a JSON object", document.type_name(), "",
           "See kairos fit --print-config");
  refuse_equal_keys(text, name);
  if (document.contains("run") && document["run"].is_object()) document.erase("run");
  return document;
}

std::filesystem::path serve_pass(nlohmann::json& config, bool is_given) {
  constexpr std::array only_in_fit = {"epochs",       "nb_epoch", "optimizer",        "save_model",
                                      "save_weights", "history",  "validation_split", "validation_data"};
  if (std::ranges::none_of(only_in_fit, [&](const char* key) { return config.contains(key); })) return {};
  const auto text = [&](const char* key) {
    return config.contains(key) && config[key].is_string() ? config[key].get<std::string>() : "";
  };
  const std::filesystem::path run_directory = text("run_dir");
  for (const char* key : {"weights", "plugin", "plugins", "callbacks", "run_dir"}) config.erase(key);
  if (is_given) return {};
  if (!text("save_model").empty())
    config["model"] = text("save_model");
  else if (!text("save_weights").empty())
    config["weights"] = text("save_weights");
  else
    return {};
  return run_directory;
}

}  // namespace kairos::host::cli
