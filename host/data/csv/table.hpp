// SPDX-License-Identifier: MIT
// What is settled about a CSV before its rows are read: dialect, columns, where the rows begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/csv/columns.hpp"

namespace kairos::host {

struct CsvTable {
  std::string name;  ///< of the file, for messages
  char delimiter = ',';
  TextEncoding encoding = TextEncoding::Utf8;
  bool header = false;
  CsvColumns columns;
  std::optional<std::size_t> label_column;  ///< of the target that is words in the first row
  std::int64_t first_line = 1;              ///< of the header, or else of the first row
  std::int64_t rows_line = 1;               ///< of the first row
  std::uint64_t rows_begin = 0;             ///< where in the file it begins

  std::vector<std::string> notes;  ///< Dataset::notes

  [[nodiscard]] std::string place(std::int64_t line) const { return name + ":" + std::to_string(line); }
};

/// Bytes at the beginning of a file that `read_csv_table` is shown; it is shown more if that is too little.
constexpr std::size_t csv_head = 65536;

/// Reads the header, if there is one, and looks at the first row. `head` is the beginning of the file;
/// `whole` says that it is all of it. Returns false, if a larger head is needed. Throws Error(Data) as
/// `read_csv` does.
enum class CsvHead { Part, Whole };
[[nodiscard]] bool read_csv_table(CsvTable& table, const DataSpec& spec, std::string_view head,
                                  CsvHead extent);

/// Throws Error(Data) if the encoding has no text for `bytes`, which stand at `offset` of the file.
void require_text(const CsvTable& table, std::int64_t line, std::uint64_t offset, std::string_view bytes,
                  const std::string& role);

/// "3 fields".
[[nodiscard]] std::string fields_text(std::size_t count);

/// A field as messages show it: quoted, on one line, not longer than 40 characters.
[[nodiscard]] std::string shown_field(const std::string& text);

/// The file has no rows; `found` is what it has.
[[noreturn]] void refuse_empty_csv(const CsvTable& table, const char* found);

}  // namespace kairos::host
