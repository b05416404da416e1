// SPDX-License-Identifier: MIT
// {"input_columns": {"input_layer": ["age", "income"]}}: the columns of each input in order.
#include "io/input_columns.hpp"

#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "base/input_file.hpp"
#include "base/json.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

void write_input_columns(const std::filesystem::path& file, const std::vector<InputColumns>& columns) {
  check_input_columns(columns, file.string());
  nlohmann::ordered_json document;
  document["input_columns"] = input_columns_json(columns);
  write_file(file, document.dump(2) + "\n");
}

std::vector<InputColumns> read_input_columns(const std::filesystem::path& file) {
  constexpr std::uint64_t largest = std::uint64_t{64} << 20;
  const std::string text = read_file(file, largest);
  static_cast<void>(parse_json(text, file.string()));  // limits the depth; the code below may recurse
  const auto document = nlohmann::ordered_json::parse(text);
  if (!document.is_object() || !document.contains("input_columns"))
    throw Error(ErrorKind::Model,
                {"KAIROS-M130", file.string(), "the file contains no names of input columns", "",
                 R"({"input_columns": {"input_layer": ["age", "income"]}})",
                 "Give the input_columns.json of a run directory, or remove this one"});
  return input_columns_of(document["input_columns"], file.string());
}

}  // namespace kairos::host
