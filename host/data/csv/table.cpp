// SPDX-License-Identifier: MIT
// The first record decides about the header, the first row about labels.
#include "data/csv/table.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include "data/csv/header.hpp"
#include "data/csv/rows.hpp"
#include "io/file_kind.hpp"
#include "io/text_encoding.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

char delimiter_of(const DataSpec& spec) {
  if (spec.delimiter == '\0') return kind_of(spec.file) == FileKind::Tsv ? '\t' : ',';
  if (std::string_view("\"\n\r +-.").find(spec.delimiter) != std::string_view::npos ||
      std::isalnum(static_cast<unsigned char>(spec.delimiter)) != 0)
    throw Error(ErrorKind::Data, {"KAIROS-D040", spec.file.string(), "this character cannot be the delimiter",
                                  shown_field(std::string(1, spec.delimiter)),
                                  "a comma, semicolon, tab or vertical bar", "Choose another delimiter"});
  return spec.delimiter;
}

/// Size of the byte order mark; rejects text that is neither UTF-8 nor ASCII.
std::size_t mark_size(std::string_view text, const DataSpec& spec) {
  const std::string file = spec.file.string();
  const bool utf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  if (utf16 || text.substr(0, 4096).find('\0') != std::string_view::npos)
    throw Error(ErrorKind::Data, {"KAIROS-D031", file, "this is not CSV text",
                                  utf16 ? "UTF-16" : "UTF-16 or binary data", encoding_name(spec.encoding),
                                  utf16 ? "Convert it: iconv -f UTF-16 -t UTF-8 " + file + " > OUT.csv"
                                        : "Save the file as UTF-8 text"});
  if (!text.starts_with("\xEF\xBB\xBF")) return 0;
  if (spec.encoding == TextEncoding::Utf8) return 3;
  throw Error(ErrorKind::Data,
              {"KAIROS-D331", file, "the file begins with the UTF-8 byte order mark", "",
               std::string(encoding_name(spec.encoding)) + ", as `encoding` says", "Set `encoding=utf-8`"});
}

/// The fields of the next record, and the bytes of each in the file.
struct FirstRecord {
  std::vector<std::string> fields;
  std::vector<std::string_view> bytes;
};

FirstRecord read_record(CsvCursor& cursor, const CsvTable& table) {
  FirstRecord record;
  do {
    const char* begin = cursor.rest().data();
    std::string& field = record.fields.emplace_back();
    read_csv_text(cursor, table, field);
    record.bytes.emplace_back(begin, static_cast<std::size_t>(cursor.rest().data() - begin));
    // A field that is invalid in this encoding is rejected where it is used as a name or a label.
    if (!text_fault(field, table.encoding)) field = as_utf8(field, table.encoding);
  } while (cursor.take_delimiter());
  cursor.take_line_end();
  return record;
}

/// Skips a record. False if the text ends in it, so that the record may continue.
bool skip_record(CsvCursor& cursor) {
  std::string field;
  do {
    const CsvFault fault = cursor.text(field);
    if (fault == CsvFault::TextAfterQuote) return true;  // Reported when the field is read.
    if (fault == CsvFault::OpenQuote) return false;
  } while (cursor.take_delimiter());
  return !cursor.rest().empty() && cursor.take_line_end() && !cursor.at_end();
}

/// Whether the header and the first row end in a separator.
bool has_empty_last(const std::vector<std::string>& names, CsvCursor row) {
  if (names.size() < 2 || !names.back().empty()) return false;
  while (!row.at_end() && row.at_blank_line()) row.skip_blank_line();
  std::string field;
  std::size_t fields = 0;
  do {
    if (row.text(field) != CsvFault::None) return false;
    ++fields;
  } while (row.take_delimiter());
  return fields == names.size() && field.empty();
}

/// Whether the first rows can be read without the rest of the file.
bool is_enough(CsvCursor cursor) {
  while (!cursor.at_end() && cursor.at_blank_line()) cursor.skip_blank_line();
  return !cursor.at_end() && skip_record(cursor) && skip_record(cursor);
}

/// Whether a field is text.
bool is_text(CsvCursor& row, std::string& text) {
  float value = 0;
  return !row.number(value) && row.text(text) == CsvFault::None &&
         parse_csv_field(text, value) == CsvField::Text && !text.empty();
}

/// The target that is text in the first row. Targets of several columns cannot be text.
std::optional<std::size_t> find_label_column(CsvCursor row, const CsvTable& table) {
  std::optional<std::size_t> found;
  std::string text;
  const std::vector<CsvColumn>& all = table.columns.all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CsvCursor field = row;
    if (all[i].use == ColumnUse::Target && table.columns.sinks[all[i].sink].width == 1 &&
        is_text(field, text)) {
      if (found)
        throw Error(ErrorKind::Data, {"KAIROS-D081", table.place(table.rows_line), "two targets are strings",
                                      table.columns.call(*found) + " and " + table.columns.call(i),
                                      "at most one", "Write the classes of the others as numbers"});
      found = i;
    }
    if (row.text(text) != CsvFault::None || !row.take_delimiter()) break;
  }
  return found;
}

void take_notes(CsvTable& table, HeaderLine header) {
  if (header == HeaderLine::Numbers || header == HeaderLine::KnownNumbers)
    table.notes.push_back(
        table.place(table.first_line) +
        (header == HeaderLine::Numbers
             ? ": this line counts 0, 1, 2, … and is read as a header, as data frames write it. "
             : ": this line has the names of the model's columns, which are numbers, and is read as a "
               "header. ") +
        "If it is a sample, set `header=false`");
  for (const std::string& note : table.columns.notes) table.notes.push_back(table.name + ": " + note);
}

}  // namespace

void require_text(const CsvTable& table, std::int64_t line, std::uint64_t offset, std::string_view bytes,
                  const std::string& role) {
  const std::optional<std::size_t> fault = text_fault(bytes, table.encoding);
  if (!fault) return;
  // Line feeds in a quoted field before the fault count too.
  const auto lines = std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(*fault), '\n');
  throw Error(ErrorKind::Data, {"KAIROS-D330", table.place(line + lines),
                                "the " + role + " is not " + encoding_name(table.encoding) + " text",
                                byte_text(bytes[*fault]) + " at offset " + std::to_string(offset + *fault) +
                                    " of the file, in " + shown_field(std::string(bytes)),
                                "", encoding_cure(table.encoding)});
}

std::string fields_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " field" : " fields");
}

std::string shown_field(const std::string& text) {
  constexpr std::size_t longest = 40;
  std::size_t size = std::min(longest, text.size());
  const auto inside_character = [&] { return size < text.size() && (text[size] & 0xC0) == 0x80; };
  while (size > longest - 3 && inside_character()) --size;
  std::string out = "\"" + shown_bytes(std::string_view(text).substr(0, size));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return out + (text.size() > size ? "…\"" : "\"");
}

void refuse_empty_csv(const CsvTable& table, const char* found) {
  throw Error(ErrorKind::Data, {"KAIROS-D035", table.name, "there are no rows", found, "at least one row",
                                "Check the program that should have written them"});
}

bool read_csv_table(CsvTable& table, const DataSpec& spec, std::string_view head, CsvHead extent) {
  table = {};
  table.name = spec.file.string();
  table.delimiter = delimiter_of(spec);
  table.encoding = spec.encoding;
  const std::size_t mark = mark_size(head, spec);
  CsvCursor cursor(head.substr(mark), table.delimiter);
  if (extent == CsvHead::Part && !is_enough(cursor)) return false;
  while (!cursor.at_end() && cursor.at_blank_line()) cursor.skip_blank_line();
  if (cursor.at_end()) refuse_empty_csv(table, head.empty() ? "an empty file" : "only empty lines");
  table.first_line = cursor.line();
  const CsvCursor start = cursor;
  FirstRecord record = read_record(cursor, table);
  const HeaderLine header = header_line(record.fields, cursor, spec);
  table.header = header != HeaderLine::Absent;
  if (table.header) {
    for (const std::string_view bytes : record.bytes)
      require_text(table, table.first_line, static_cast<std::uint64_t>(bytes.data() - head.data()), bytes,
                   "name of a column");
  } else {
    cursor = start;
    record.fields.assign(record.fields.size(), "");
  }
  table.columns = assign_columns(record.fields,
                                 !table.header                           ? CsvNames::None
                                 : has_empty_last(record.fields, cursor) ? CsvNames::OfHeaderAndEmptyLast
                                                                         : CsvNames::OfHeader,
                                 spec);
  take_notes(table, header);
  table.rows_line = cursor.line();
  table.rows_begin = head.size() - cursor.rest().size();
  table.label_column = find_label_column(cursor, table);
  return true;
}

}  // namespace kairos::host
