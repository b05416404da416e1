// SPDX-License-Identifier: MIT
// Separates files from texts that may also name columns and arrays.
#include "data/data_files.hpp"

#include "data/array_file.hpp"
#include "io/file_kind.hpp"

namespace kairos::host {

std::filesystem::path file_of_source(const std::string& text) {
  const auto location = hdf5_location(text);
  return location ? location->file : std::filesystem::path(text);
}

std::vector<std::filesystem::path> data_files(const DataSpec& spec) {
  std::vector<std::filesystem::path> files;
  const auto add = [&files](const std::string& source) {
    if (names_file(source)) files.push_back(file_of_source(source));
  };
  if (!spec.file.empty()) files.push_back(file_of_source(spec.file.string()));
  add(spec.target);
  add(spec.sample_weight);
  for (const auto* sources : {&spec.inputs, &spec.targets, &spec.sample_weights})
    for (const PortSource& one : *sources) add(one.source);
  return files;
}

}  // namespace kairos::host
