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

/// The key for the names in the metadata of a .keras archive, and the attribute in an HDF5 file. Keras
/// ignores both.
inline constexpr const char* input_columns_key = "kairos_input_columns";

[[nodiscard]] nlohmann::ordered_json input_columns_json(const std::vector<InputColumns>& columns);

/// Throws Error(Model) unless it is an object of lists of unique names; `origin` is used in messages.
[[nodiscard]] std::vector<InputColumns> input_columns_of(const nlohmann::ordered_json& json,
                                                         const std::string& origin);
/// The same from a text; empty for "". Throws Error(File) if it is not JSON.
[[nodiscard]] std::vector<InputColumns> parse_input_columns(const std::string& text,
                                                            const std::string& origin);

/// Throws Error(Model) for a name that is empty, duplicate or not UTF-8.
void check_input_columns(const std::vector<InputColumns>& columns, const std::string& origin);

/// The known names for the input called `port`; null if there are none. If there is a single input, its names
/// are used whatever it is called. `inputs` is the number of inputs.
[[nodiscard]] const InputColumns* columns_for(std::span<const InputColumns> known, std::string_view port,
                                              std::size_t inputs);

}  // namespace kairos::host
