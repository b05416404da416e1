// SPDX-License-Identifier: MIT
// Decides whether the first record of a CSV names its columns.
#pragma once

#include <string>
#include <vector>

#include "data/csv/cursor.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

enum class HeaderLine {
  Absent,
  Names,
  Numbers,       ///< 0, 1, 2, …, which could be a sample and is read as a header
  KnownNumbers,  ///< other numbers that include all names that a model knows: also read as a header
};

/// `record` is the first record; `rest` is the text after it, or a part of it.
[[nodiscard]] HeaderLine header_line(const std::vector<std::string>& record, CsvCursor rest,
                                     const DataSpec& spec);

/// Whether columns are called 0, 1, 2, … or 0.0, 1.0, 2.0, …: then a number is a name and not an index.
[[nodiscard]] bool has_number_names(const std::vector<std::string>& names);

/// Whether the whole text is a number.
[[nodiscard]] bool is_number_text(const std::string& text);

/// "a,b" as {"a", "b"}.
[[nodiscard]] std::vector<std::string> split_columns(const std::string& list);

}  // namespace kairos::host
