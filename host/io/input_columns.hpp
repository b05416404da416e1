// SPDX-License-Identifier: MIT
// Names of input columns as JSON: {"input_layer": ["age", "income"]}.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/input_columns.hpp"

namespace kairos::host {

/// The key that holds them in the metadata of a .keras archive, and the attribute of an HDF5 file. Keras
/// reads neither.
inline constexpr const char* input_columns_key = "kairos_input_columns";

[[nodiscard]] nlohmann::ordered_json input_columns_json(const std::vector<InputColumns>& columns);

/// Throws Error(Model) unless it is an object of lists of names that differ; `origin` is what messages name.
[[nodiscard]] std::vector<InputColumns> input_columns_of(const nlohmann::ordered_json& json,
                                                         const std::string& origin);
/// The same of a text; none for "". Throws Error(File) if it is no JSON.
[[nodiscard]] std::vector<InputColumns> parse_input_columns(const std::string& text,
                                                            const std::string& origin);

/// Throws Error(Model) for a name that is empty, not UTF-8, or not the only one of its kind.
void check_input_columns(const std::vector<InputColumns>& columns, const std::string& origin);

/// The names that are known for the input called `port`; null for none. Of a single input, by whatever name,
/// they are the only ones. `inputs` is how many there are.
[[nodiscard]] const InputColumns* columns_for(std::span<const InputColumns> known, std::string_view port,
                                              std::size_t inputs);

}  // namespace kairos::host
