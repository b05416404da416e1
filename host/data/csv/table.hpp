// SPDX-License-Identifier: MIT
// Properties of a CSV that are determined before its rows are read: dialect, columns, beginning of the rows.
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
  std::optional<std::size_t> label_column;  ///< of the target that is text in the first row
  std::int64_t first_line = 1;              ///< of the header, or of the first row without one
  std::int64_t rows_line = 1;               ///< of the first row
  std::uint64_t rows_begin = 0;             ///< its offset in the file

  std::vector<std::string> notes;  ///< Dataset::notes

  [[nodiscard]] std::string place(std::int64_t line) const { return name + ":" + std::to_string(line); }
};

/// Bytes of the beginning of a file that `read_csv_table` gets first; it gets more if these are not enough.
constexpr std::size_t csv_head = 65536;

/// Reads the header, if there is one, and inspects the first row. `head` is the beginning of the file, and
/// `extent` says whether it is the whole file. Returns false if more of the file is needed. Throws
/// Error(Data) as `read_csv` does.
enum class CsvHead { Part, Whole };
[[nodiscard]] bool read_csv_table(CsvTable& table, const DataSpec& spec, std::string_view head,
                                  CsvHead extent);

/// Throws Error(Data) if `bytes`, at `offset` of the file, are invalid in the encoding.
void require_text(const CsvTable& table, std::int64_t line, std::uint64_t offset, std::string_view bytes,
                  const std::string& role);

/// "3 fields".
[[nodiscard]] std::string fields_text(std::size_t count);

/// A field as shown in messages: quoted, on one line, at most 40 characters.
[[nodiscard]] std::string shown_field(const std::string& text);

/// Reports a file without rows; `found` is its content.
[[noreturn]] void refuse_empty_csv(const CsvTable& table, const char* found);

}  // namespace kairos::host
