// SPDX-License-Identifier: MIT
// Parses rows of a CSV directly into their destination.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/csv/cursor.hpp"
#include "data/csv/plain_rows.hpp"
#include "data/csv/table.hpp"
#include "data/labels.hpp"

namespace kairos::host {

/// The destination of the next row: a place for each of `CsvColumns::sinks`, null for string labels, which go
/// to `labels` instead.
struct CsvDestination {
  RowPlaces places{};
  Labels* labels = nullptr;
  const char* text = nullptr;     ///< the beginning of the parsed text
  std::uint64_t text_offset = 0;  ///< its offset in the file, for messages
};

/// Parses rows. Uses only its table, so several threads may parse the same file.
class CsvRows {
 public:
  explicit CsvRows(const CsvTable& table);

  /// Reads `count` rows at `cursor` and advances the destination. `first` is the number of the first row in
  /// the file, from 0. `plain_rows_room` bytes around the cursor's text must be readable. Throws Error(Data)
  /// with line and column.
  void read(CsvCursor& cursor, std::int64_t first, std::int64_t count, CsvDestination& to) const;

  /// Skips `count` rows without parsing their fields.
  void skip(CsvCursor& cursor, std::int64_t count) const;

 private:
  struct Run {
    std::size_t first;  ///< column
    std::size_t count;  ///< consecutive columns in file and sink
    CsvColumn column;   ///< the first column
  };
  std::int64_t read_plain(CsvCursor& cursor, std::int64_t count, CsvDestination& to) const;
  void read_row(CsvCursor& cursor, std::int64_t row, CsvDestination& to) const;
  float read_number(CsvCursor& cursor, std::size_t column, std::int64_t row) const;
  float read_odd_number(CsvCursor& cursor, float value, std::size_t column, std::int64_t row) const;
  void read_label(CsvCursor& cursor, std::size_t column, const CsvDestination& to) const;
  [[noreturn]] void ragged(CsvCursor& cursor, std::int64_t line, std::size_t count) const;
  [[noreturn]] void refuse_blank_line(const CsvCursor& cursor) const;
  [[noreturn]] void not_finite(const CsvCursor& cursor, const std::string& found,
                               const std::string& in) const;
  [[nodiscard]] std::string cure_for_text(const std::string& text, std::int64_t row) const;

  const CsvTable& table_;
  std::vector<Run> runs_;
  PlainRows plain_;
  bool plain_first_;  ///< whether to try the fast path
};

/// The kind of a field; the slow way, for quoted numbers and for messages.
enum class CsvField { Number, NotFinite, TooLarge, Text };
[[nodiscard]] CsvField parse_csv_field(const std::string& text, float& out);

/// Reads a field as text. Throws Error(Data) for malformed quotes.
void read_csv_text(CsvCursor& cursor, const CsvTable& table, std::string& field);

}  // namespace kairos::host
