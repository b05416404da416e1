// SPDX-License-Identifier: MIT
// Messages of the hparams plugin through protobuf.
#include "hparams.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <kairos/error.hpp>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "hparams.pb.h"
#include "word_list.hpp"

namespace kairos::plugins::tensorboard {

namespace {

using Json = nlohmann::json;

std::variant<bool, double, std::string> typed(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error == std::errc() && end == last && std::isfinite(number)) return number;
  return text;
}

/// "mse"; the name of {"class_name": …, "config": {"name": …}}; "a=mse,b=mae" of {"a": …, "b": …}.
std::string class_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object()) return "";
  if (value.contains("class_name")) {
    const Json config = value.value("config", Json());
    const bool has_name = config.is_object() && config.contains("name") && config["name"].is_string();
    return has_name ? config["name"].get<std::string>() : class_of(value["class_name"]);
  }
  std::string all;
  for (const auto& [output, one] : value.items())
    all += (all.empty() ? "" : ",") + output + "=" + class_of(one);
  return all;
}

void fill(wire::HParamValue& out, const std::variant<bool, double, std::string>& value) {
  if (const bool* flag = std::get_if<bool>(&value)) out.set_bool_value(*flag);
  if (const double* number = std::get_if<double>(&value)) out.set_number_value(*number);
  if (const std::string* text = std::get_if<std::string>(&value)) out.set_string_value(*text);
}

}  // namespace

HParamsOption parse_hparams(std::string_view text) {
  HParamsOption option;
  for (const std::string& word : words_of(text)) {
    if (word == "auto") {
      option.wants_known = true;
      continue;
    }
    auto [name, value] = pair_of(word);
    if (name.empty() || value.empty())
      throw Error("hparams has \"" + word +
                  "\"; expected name=value, or auto for the parameters of the run. Write for example "
                  "hparams=\"auto,units=16\"");
    const auto same = [&name = name](const HParam& other) { return other.first == name; };
    if (std::any_of(option.given.begin(), option.given.end(), same))
      throw Error("hparams names \"" + name + "\" twice. Remove one of them");
    option.given.emplace_back(std::move(name), typed(value));
  }
  return option;
}

HParams training_hparams(std::string_view keras_json) {
  const Json model = Json::parse(keras_json, nullptr, false);
  HParams found;
  if (!model.is_object() || !model.contains("compile_config")) return found;
  const Json& compiled = model["compile_config"];
  for (const char* const key : {"optimizer", "loss"})
    if (std::string name = compiled.is_object() && compiled.contains(key) ? class_of(compiled[key]) : "";
        !name.empty())
      found.emplace_back(key, std::move(name));
  return found;
}

std::string session_start(const HParams& hparams, double start) {
  wire::HParamsPluginData data;
  wire::SessionStartInfo& info = *data.mutable_session_start_info();
  for (const auto& [name, value] : hparams) {
    wire::HParam& entry = *info.add_hparams();
    entry.set_key(name);
    fill(*entry.mutable_value(), value);
  }
  info.set_start_time_secs(start);
  return data.SerializeAsString();
}

std::string session_end(SessionEnd how, double end) {
  wire::HParamsPluginData data;
  data.mutable_session_end_info()->set_status(static_cast<int>(how));
  data.mutable_session_end_info()->set_end_time_secs(end);
  return data.SerializeAsString();
}

}  // namespace kairos::plugins::tensorboard
