// SPDX-License-Identifier: MIT
// Rows of a CSV as numbers, straight to where they belong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/csv/cursor.hpp"
#include "data/csv/plain_rows.hpp"
#include "data/csv/table.hpp"
#include "data/labels.hpp"

namespace kairos::host {

/// Where the next row goes: a place for each of `CsvColumns::sinks`, null for labels in words, which go to
/// `labels` instead.
struct CsvDestination {
  RowPlaces places{};
  Labels* labels = nullptr;
  const char* text = nullptr;     ///< the beginning of what is parsed,
  std::uint64_t text_offset = 0;  ///< and where in the file that is; for messages
};

/// Parses rows. Reads nothing but its table, so that several may work on one file.
class CsvRows {
 public:
  explicit CsvRows(const CsvTable& table);

  /// Reads `count` rows at `cursor` and moves the destination on. `first` is the number of the first of them
  /// in the file, from 0. Around the cursor's text there is `plain_rows_room`. Throws Error(Data) with line
  /// and column.
  void read(CsvCursor& cursor, std::int64_t first, std::int64_t count, CsvDestination& to) const;

  /// Moves over `count` rows whatever they hold.
  void skip(CsvCursor& cursor, std::int64_t count) const;

 private:
  struct Run {
    std::size_t first;  ///< column
    std::size_t count;  ///< that follow each other in file and sink
    CsvColumn column;   ///< the first
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
  bool plain_first_;  ///< whether it is worth trying
};

/// What a field holds; the slow way, for quoted numbers and for messages.
enum class CsvField { Number, NotFinite, TooLarge, Text };
[[nodiscard]] CsvField parse_csv_field(const std::string& text, float& out);

/// Reads a field as text. Throws Error(Data) for a fault of its quotes.
void read_csv_text(CsvCursor& cursor, const CsvTable& table, std::string& field);

}  // namespace kairos::host
