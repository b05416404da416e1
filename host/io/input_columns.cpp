// SPDX-License-Identifier: MIT
// A JSON object keeps the inputs in order.
#include "io/input_columns.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.hpp"
#include "io/text_encoding.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse(const std::string& origin, const std::string& what, const std::string& found) {
  throw Error(ErrorKind::Model,
              {"KAIROS-M130", origin, what, found, R"({"input_layer": ["age", "income"]}, each name once)",
               "Save the model again, or correct the file"});
}

}  // namespace

nlohmann::ordered_json input_columns_json(const std::vector<InputColumns>& columns) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const InputColumns& input : columns) json[input.port] = input.names;
  return json;
}

std::vector<InputColumns> input_columns_of(const nlohmann::ordered_json& json, const std::string& origin) {
  constexpr const char* no_list = "the names of the input columns are not lists of strings";
  if (!json.is_object()) refuse(origin, no_list, "");
  std::vector<InputColumns> columns;
  for (const auto& [port, names] : json.items()) {
    InputColumns& input = columns.emplace_back(InputColumns{port, {}});
    if (!names.is_array()) refuse(origin, no_list, "\"" + port + "\"");
    for (const nlohmann::ordered_json& name : names) {
      if (!name.is_string()) refuse(origin, no_list, "\"" + port + "\"");
      input.names.push_back(name.get<std::string>());
    }
  }
  check_input_columns(columns, origin);
  return columns;
}

std::vector<InputColumns> parse_input_columns(const std::string& text, const std::string& origin) {
  if (text.empty()) return {};
  static_cast<void>(parse_json(text, origin));  // limits the depth; the code below may recurse
  return input_columns_of(nlohmann::ordered_json::parse(text), origin);
}

void check_input_columns(const std::vector<InputColumns>& columns, const std::string& origin) {
  std::set<std::string> ports;
  for (const InputColumns& input : columns) {
    if (!ports.insert(input.port).second)
      refuse(origin, "the columns of an input are named twice", "\"" + shown_bytes(input.port) + "\"");
    if (input.names.empty())
      refuse(origin, "the columns of an input have no names", "\"" + shown_bytes(input.port) + "\"");
    std::set<std::string> seen;
    for (const std::string& name : input.names) {
      const std::string shown = "\"" + shown_bytes(name) + "\" of input \"" + shown_bytes(input.port) + "\"";
      if (name.empty()) refuse(origin, "an input column has an empty name", shown);
      if (utf8_fault(name) || utf8_fault(input.port))
        refuse(origin, "the name of an input column is not UTF-8 text", shown);
      if (!seen.insert(name).second) refuse(origin, "two input columns have the same name", shown);
    }
  }
}

const InputColumns* columns_for(std::span<const InputColumns> known, std::string_view port,
                                std::size_t inputs) {
  const auto own =
      std::find_if(known.begin(), known.end(), [&](const InputColumns& one) { return one.port == port; });
  if (own != known.end()) return &*own;
  return known.size() == 1 && inputs < 2 ? &known.front() : nullptr;
}

}  // namespace kairos::host
