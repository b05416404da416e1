// SPDX-License-Identifier: MIT
// {"class_names": ["setosa", "versicolor"]}: the class at position i is label i.
#include <nlohmann/json.hpp>
#include <set>

#include "base/atomic_file.hpp"
#include "base/json.hpp"
#include "io/text_encoding.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const char* what, const std::string& found) {
  throw Error(ErrorKind::Data,
              {"KAIROS-D092", file.string(), what, found, R"({"class_names": ["a", "b"]}, each name once)",
               "Give the class_names.json of a run directory"});
}

}  // namespace

void write_class_names(const std::filesystem::path& file, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (utf8_fault(name))  // Replacing invalid bytes could make two names equal.
      throw Error(ErrorKind::Data, {"KAIROS-D333", file.string(), "a class name is not UTF-8 text",
                                    "\"" + shown_bytes(name) + "\"", "UTF-8", "Rename the class"});
  nlohmann::ordered_json document;
  document["class_names"] = names;
  write_file(file, document.dump(2) + "\n");
}

std::vector<std::string> read_class_names(const std::filesystem::path& file) {
  const nlohmann::json document = read_json(file);
  if (!document.is_object() || !document.contains("class_names") || !document["class_names"].is_array() ||
      document["class_names"].empty())
    refuse(file, "the file contains no list of class names", "");
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const nlohmann::json& name : document["class_names"]) {
    if (!name.is_string()) refuse(file, "a class name is not a string", name.dump());
    if (!seen.insert(names.emplace_back(name.get<std::string>())).second)
      refuse(file, "two classes have the same name", "\"" + names.back() + "\"");
  }
  return names;
}

}  // namespace kairos::host
