// SPDX-License-Identifier: MIT
// Whether the first record of a CSV names its columns.
#pragma once

#include <string>
#include <vector>

#include "data/csv/cursor.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

enum class HeaderLine {
  Absent,
  Names,
  Numbers,       ///< 0, 1, 2, …, which could be a sample and is taken for a header
  KnownNumbers,  ///< other numbers, among them all names that a model knows: the same
};

/// `record` is the first record; `rest` begins behind it, and ends somewhere.
[[nodiscard]] HeaderLine header_line(const std::vector<std::string>& record, CsvCursor rest,
                                     const DataSpec& spec);

/// Whether columns are called 0, 1, 2, … or 0.0, 1.0, 2.0, …: a number then is a name and not an index.
[[nodiscard]] bool has_number_names(const std::vector<std::string>& names);

/// Whether the text is a number and nothing else.
[[nodiscard]] bool is_number_text(const std::string& text);

/// "a,b" as {"a", "b"}.
[[nodiscard]] std::vector<std::string> split_columns(const std::string& list);

}  // namespace kairos::host
