// SPDX-License-Identifier: MIT
// The first record decides about the header, the first row about labels.
#include "data/csv_table.hpp"

#include <cctype>
#include <vector>

#include "data/csv_rows.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

char delimiter_of(const DataSpec& spec) {
  if (spec.delimiter == '\0') return spec.file.extension() == ".tsv" ? '\t' : ',';
  if (std::string_view("\"\n\r +-.").find(spec.delimiter) != std::string_view::npos ||
      std::isalnum(static_cast<unsigned char>(spec.delimiter)) != 0)
    throw Error(ErrorKind::Data, {"KAIROS-D040", spec.file.string(), "this character cannot be the delimiter",
                                  shown_field(std::string(1, spec.delimiter)),
                                  "a comma, semicolon, tab or bar", "Choose another delimiter"});
  return spec.delimiter;
}

/// Bytes of a byte order mark; refuses what is not UTF-8 or ASCII text at all.
std::size_t mark_size(std::string_view text, const DataSpec& spec) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
      text.substr(0, 4096).find('\0') != std::string_view::npos)
    throw Error(ErrorKind::Data, {"KAIROS-D031", spec.file.string(), "this is not a CSV text",
                                  "UTF-16 or binary data", "UTF-8", "Save the file as UTF-8 text"});
  return text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
}

/// Moves over a record. False if the text ends in it, so that more of it may follow.
bool skip_record(CsvCursor& cursor) {
  std::string field;
  do {
    const CsvFault fault = cursor.text(field);
    if (fault == CsvFault::TextAfterQuote) return true;  // Whoever reads it says so.
    if (fault == CsvFault::OpenQuote) return false;
  } while (cursor.take_delimiter());
  return !cursor.rest().empty() && cursor.take_line_end() && !cursor.at_end();
}

/// Whether the first rows can be read without the rest of the file.
bool is_enough(CsvCursor cursor) {
  while (!cursor.at_end() && cursor.at_blank_line()) cursor.skip_blank_line();
  return !cursor.at_end() && skip_record(cursor) && skip_record(cursor);
}

/// Whether a field is words.
bool is_text(CsvCursor& row, std::string& text) {
  float value = 0;
  return !row.number(value) && row.text(text) == CsvFault::None &&
         parse_csv_field(text, value) == CsvField::Text && !text.empty();
}

/// The target that is words in the first row. Of several columns together none can be.
std::optional<std::size_t> find_label_column(CsvCursor row, const CsvTable& table) {
  std::optional<std::size_t> found;
  std::string text;
  const std::vector<CsvColumn>& all = table.columns.all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CsvCursor field = row;
    if (all[i].use == ColumnUse::Target && table.columns.sinks[all[i].sink].width == 1 &&
        is_text(field, text)) {
      if (found)
        throw Error(ErrorKind::Data, {"KAIROS-D081", table.place(table.rows_line), "two targets are words",
                                      table.columns.call(*found) + " and " + table.columns.call(i),
                                      "one at most", "Write numbers for the classes of the others"});
      found = i;
    }
    if (row.text(text) != CsvFault::None || !row.take_delimiter()) break;
  }
  return found;
}

}  // namespace

std::string fields_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " field" : " fields");
}

std::string shown_field(const std::string& text) {
  constexpr std::size_t longest = 40;
  std::string out = "\"" + text.substr(0, longest);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return out + (text.size() > longest ? "…\"" : "\"");
}

void refuse_empty_csv(const CsvTable& table, const char* found) {
  throw Error(ErrorKind::Data, {"KAIROS-D035", table.name, "there are no rows", found, "at least one row",
                                "Check what should have written them"});
}

bool read_csv_table(CsvTable& table, const DataSpec& spec, std::string_view head, CsvHead extent) {
  table = {};
  table.name = spec.file.string();
  table.delimiter = delimiter_of(spec);
  const std::size_t mark = mark_size(head, spec);
  CsvCursor cursor(head.substr(mark), table.delimiter);
  if (extent == CsvHead::Part && !is_enough(cursor)) return false;
  while (!cursor.at_end() && cursor.at_blank_line()) cursor.skip_blank_line();
  if (cursor.at_end()) refuse_empty_csv(table, head.empty() ? "an empty file" : "only empty lines");
  table.first_line = cursor.line();
  const CsvCursor start = cursor;
  std::vector<std::string> record;
  do {
    read_csv_text(cursor, table, record.emplace_back());
  } while (cursor.take_delimiter());
  cursor.take_line_end();
  table.header = is_header(record, spec);
  if (!table.header) {
    cursor = start;
    record.assign(record.size(), "");
  }
  table.columns = assign_columns(record, spec);
  table.rows_line = cursor.line();
  table.rows_begin = head.size() - cursor.rest().size();
  table.label_column = find_label_column(cursor, table);
  return true;
}

}  // namespace kairos::host
