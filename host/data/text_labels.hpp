// SPDX-License-Identifier: MIT
// Targets of text in array files, as class numbers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/text_array.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

/// A number for each label, by its place in `class_names`; if that is empty, it is set to the sorted labels.
/// Throws Error(Data) for missing, unknown or badly encoded labels; `origin` is used in messages.
[[nodiscard]] Array number_labels(TextArray texts, const std::string& origin, TextEncoding encoding,
                                  std::vector<std::string>& class_names);

/// Reads a target file of text (.npy or HDF5); absent if it holds numbers or is of another kind. The class
/// names become those of `data`, whose targets may not be text yet.
[[nodiscard]] std::optional<Array> read_text_target(const std::string& file, const DataSpec& spec,
                                                    Dataset& data);

/// Throws the error for a second target of text.
[[noreturn]] void refuse_second_text_target(const std::string& where);

}  // namespace kairos::host
