// SPDX-License-Identifier: MIT
// Nearly every field is a plain number; others take a slow path that can report what they are.
#include "data/csv/rows.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "io/text_encoding.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse(const char* code, const std::string& where, std::string what, std::string found,
                         std::string expected, std::string cure) {
  throw Error(ErrorKind::Data,
              {code, where, std::move(what), std::move(found), std::move(expected), std::move(cure)});
}

}  // namespace

CsvField parse_csv_field(const std::string& text, float& out) {
  const char* begin = text.data() + (text.size() > 1 && text[0] == '+' && text[1] != '-' ? 1 : 0);
  const char* end = text.data() + text.size();
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error == std::errc::invalid_argument || stop != end) return CsvField::Text;
  if (error == std::errc::result_out_of_range) value = text.find("e-") != std::string::npos ? 0 : HUGE_VAL;
  if (error == std::errc{} && !std::isfinite(value)) return CsvField::NotFinite;
  if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) return CsvField::TooLarge;
  out = static_cast<float>(value);
  return CsvField::Number;
}

void read_csv_text(CsvCursor& cursor, const CsvTable& table, std::string& field) {
  switch (cursor.text(field)) {
    case CsvFault::None:
      return;
    case CsvFault::OpenQuote:
      refuse("KAIROS-D029", table.place(cursor.line()), "a quoted field does not end", shown_field(field),
             "a closing quote", "Close the quote; write quotes inside a field twice");
    case CsvFault::TextAfterQuote:
      refuse("KAIROS-D030", table.place(cursor.line()), "text follows the closing quote of a field",
             shown_field(field), "the delimiter after the closing quote",
             "Double the quotes inside the field");
  }
}

CsvRows::CsvRows(const CsvTable& table)
    : table_(table),
      plain_(table.columns, table.delimiter),
      plain_first_(PlainRows::are_fast() && !table.label_column) {
  const std::vector<CsvColumn>& all = table.columns.all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool goes_on = !runs_.empty() && runs_.back().column.use == ColumnUse::Input &&
                         all[i].use == ColumnUse::Input && all[i].sink == runs_.back().column.sink &&
                         all[i].slot == runs_.back().column.slot + runs_.back().count;
    if (goes_on)
      ++runs_.back().count;
    else
      runs_.push_back({i, 1, all[i]});
  }
}

void CsvRows::read(CsvCursor& cursor, std::int64_t first, std::int64_t count, CsvDestination& to) const {
  // On the stack, so that the compiler may keep its members in registers.
  CsvCursor at = cursor;
  // If rows are not plain several times in a row, the fast path is tried less and less often.
  constexpr std::int64_t most_patience = 256;
  std::int64_t patience = 1;
  for (std::int64_t row = first, end = first + count; row < end;) {
    if (plain_first_) {
      const std::int64_t plain = read_plain(at, end - row, to);
      row += plain;
      patience = plain > 0 ? 1 : std::min(2 * patience, most_patience);
    }
    for (const std::int64_t others = plain_first_ ? std::min(end, row + patience) : end; row < others; ++row)
      read_row(at, row, to);
  }
  cursor = at;
}

/// As many rows as are plain, up to `count`.
std::int64_t CsvRows::read_plain(CsvCursor& cursor, std::int64_t count, CsvDestination& to) const {
  const std::string_view rest = cursor.rest();
  const PlainRows::Read read = plain_.read(rest.data(), rest.data() + rest.size(), count, to.places);
  cursor.move_to(read.stop, read.rows);
  return read.rows;
}

void CsvRows::skip(CsvCursor& cursor, std::int64_t count) const {
  std::string ignored;
  for (; count > 0 && !cursor.at_end(); --count) {
    do {
      read_csv_text(cursor, table_, ignored);
    } while (cursor.take_delimiter());
    cursor.take_line_end();
  }
}

inline void CsvRows::read_row(CsvCursor& cursor, std::int64_t row, CsvDestination& to) const {
  const std::int64_t line = cursor.line();
  if (cursor.at_blank_line()) refuse_blank_line(cursor);
  const CsvColumns& columns = table_.columns;
  for (const Run& run : runs_) {
    if (run.first > 0 && !cursor.take_delimiter()) ragged(cursor, line, run.first);
    if (run.column.use == ColumnUse::None) {
      std::string ignored;
      read_csv_text(cursor, table_, ignored);
    } else if (run.first == table_.label_column) {
      read_label(cursor, run.first, to);
    } else {
      float* const out = to.places[run.column.sink] + run.column.slot;
      out[0] = read_number(cursor, run.first, row);
      for (std::size_t i = 1; i < run.count; ++i) {
        if (!cursor.take_delimiter()) ragged(cursor, line, run.first + i);
        out[i] = read_number(cursor, run.first + i, row);
      }
    }
  }
  if (!cursor.take_line_end()) ragged(cursor, line, columns.all.size());
  for (std::size_t sink = 0; sink < columns.sinks.size(); ++sink)
    if (to.places[sink] != nullptr) to.places[sink] += columns.sinks[sink].width;
}

void CsvRows::refuse_blank_line(const CsvCursor& cursor) const {
  refuse("KAIROS-D034", table_.place(cursor.line()), "a line is empty", "",
         fields_text(table_.columns.all.size()), "Remove the line");
}

void CsvRows::ragged(CsvCursor& cursor, std::int64_t line, std::size_t count) const {
  const std::size_t width = table_.columns.all.size();
  std::string ignored;
  while (cursor.take_delimiter()) {
    read_csv_text(cursor, table_, ignored);
    ++count;
  }
  refuse("KAIROS-D024", table_.place(line), "a row has a different number of fields", fields_text(count),
         std::to_string(width) + ", as in line " + std::to_string(table_.first_line),
         count == width ? "Remove the text after the last field"
                        : "Correct the row, or quote fields that hold the delimiter");
}

inline float CsvRows::read_number(CsvCursor& cursor, std::size_t column, std::int64_t row) const {
  float value = 0;
  if (cursor.number(value) && std::isfinite(value)) return value;
  return read_odd_number(cursor, value, column, row);
}

/// `value` is the result of `number`; if it is NaN or infinite, its field is already consumed.
float CsvRows::read_odd_number(CsvCursor& cursor, float value, std::size_t column, std::int64_t row) const {
  const std::string in = " in " + table_.columns.call(column);
  if (!std::isfinite(value)) not_finite(cursor, std::isnan(value) ? "NaN" : "infinity", in);
  const std::string place = table_.place(cursor.line());
  std::string text;
  read_csv_text(cursor, table_, text);
  if (text.empty())
    refuse("KAIROS-D026", place, "a value is missing", "an empty field" + in, "a number",
           column > 0 && column + 1 == table_.columns.all.size()
               ? "Fill it in or remove the row; if every line ends in a separator, remove the separators"
               : "Fill it in or remove the row");
  switch (parse_csv_field(text, value)) {
    case CsvField::Number:
      return value;
    case CsvField::NotFinite:
      not_finite(cursor, shown_field(text), in);
    case CsvField::TooLarge:
      refuse("KAIROS-D028", place, "a value does not fit into float32", shown_field(text) + in,
             "at most 3.4e38", "Scale the column");
    case CsvField::Text:
      break;
  }
  refuse("KAIROS-D025", place, "a field is not a number", shown_field(text) + in, "a number",
         cure_for_text(text, row));
}

void CsvRows::not_finite(const CsvCursor& cursor, const std::string& found, const std::string& in) const {
  refuse("KAIROS-D027", table_.place(cursor.line()), "a value is not finite", found + in, "a finite number",
         "Correct the value or remove the row");
}

std::string CsvRows::cure_for_text(const std::string& text, std::int64_t row) const {
  for (const char other : {';', '\t', ',', '|'})
    if (table_.columns.all.size() == 1 && other != table_.delimiter && text.find(other) != std::string::npos)
      return other == '\t' ? "Set the delimiter to a tab"
                           : std::string("Set the delimiter to '") + other + "'";
  if (row == 0 && !table_.header) return "If this line names the columns, read the file with a header";
  return "Correct the value, or remove the column from the file";
}

void CsvRows::read_label(CsvCursor& cursor, std::size_t column, const CsvDestination& to) const {
  const std::int64_t line = cursor.line();
  const std::string place = table_.place(line);
  const char* const begin = cursor.rest().data();
  std::string text;
  read_csv_text(cursor, table_, text);
  if (text.empty() || is_missing_mark(text))
    refuse("KAIROS-D026", place, "a value is missing",
           (text.empty() ? "an empty field" : shown_field(text)) + " in " + table_.columns.call(column),
           "a label", "Fill it in or remove the row");
  float value = 0;
  if (parse_csv_field(text, value) != CsvField::Text)
    refuse("KAIROS-D032", place, "a target is a number, but earlier ones are labels",
           shown_field(text) + " in " + table_.columns.call(column), "a label as in the rows before",
           "Correct the value, or use labels that are not numbers");
  const bool decoded = table_.encoding != TextEncoding::Utf8;
  if (!to.labels->add(decoded ? as_utf8(text, table_.encoding) : text)) return;
  const std::string_view bytes(begin, static_cast<std::size_t>(cursor.rest().data() - begin));
  require_text(table_, line, to.text_offset + static_cast<std::uint64_t>(begin - to.text), bytes,
               "label in " + table_.columns.call(column));
}

}  // namespace kairos::host
