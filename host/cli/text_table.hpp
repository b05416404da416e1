// SPDX-License-Identifier: MIT
// Tables in the terminal and as CSV.
#pragma once

#include <string>
#include <vector>

namespace kairos::host::cli {

/// Every row has as many fields as the first one, which has the names of the columns.
using Table = std::vector<std::vector<std::string>>;

/// In columns that are two spaces apart, without control characters. An empty field is "-".
[[nodiscard]] std::string text_of(const Table& table);

/// As RFC 4180, with line feeds.
[[nodiscard]] std::string csv_of(const Table& table);
/// A field of a CSV, in quotes if it needs them.
[[nodiscard]] std::string csv_field(const std::string& text);

}  // namespace kairos::host::cli
