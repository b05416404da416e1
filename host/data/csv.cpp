// SPDX-License-Identifier: MIT
// One pass over the text; nearly every field goes through std::from_chars straight to its place.
#include "data/csv.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/csv_columns.hpp"
#include "data/csv_cursor.hpp"
#include "data/labels.hpp"
#include "io/input_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

std::string shown(const std::string& text) {
  constexpr std::size_t longest = 40;
  std::string out = "\"" + text.substr(0, longest);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return out + (text.size() > longest ? "…\"" : "\"");
}

enum class Parsed { Number, NotFinite, TooLarge, Text };

/// The slow way: quoted numbers, and why a field is none.
Parsed parse(const std::string& text, float& out) {
  const char* begin = text.data() + (text.size() > 1 && text[0] == '+' && text[1] != '-' ? 1 : 0);
  const char* end = text.data() + text.size();
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error == std::errc::invalid_argument || stop != end) return Parsed::Text;
  if (error == std::errc::result_out_of_range) value = text.find("e-") != std::string::npos ? 0 : HUGE_VAL;
  if (error == std::errc{} && !std::isfinite(value)) return Parsed::NotFinite;
  if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) return Parsed::TooLarge;
  out = static_cast<float>(value);
  return Parsed::Number;
}

class CsvReader {
 public:
  CsvReader(const DataSpec& spec, std::string_view text, char delimiter)
      : spec_(spec),
        name_(spec.file.string()),
        size_(text.size()),
        cursor_(text, delimiter),
        delimiter_(delimiter) {}

  Dataset read() {
    while (!cursor_.at_end() && cursor_.at_blank_line()) cursor_.skip_blank_line();
    if (cursor_.at_end()) no_rows();
    first_line_ = cursor_.line();
    read_names();
    Dataset data;
    data.origin = name_;
    data.first_row = cursor_.line() - 1;
    data.row_naming = RowNaming::Line;
    data.inputs.push_back({"", {{0, static_cast<std::int64_t>(columns_.inputs)}, {}}});
    reserve(data.inputs.front().array.values);
    while (more_rows()) read_row(data.inputs.front().array.values);
    if (rows_ == 0) no_rows();
    data.inputs.front().array.shape.front() = rows_;
    add_rest(data);
    return data;
  }

 private:
  [[noreturn]] static void refuse(const char* code, const std::string& where, std::string what,
                                  std::string found, std::string expected, std::string cure) {
    throw Error(ErrorKind::Data,
                {code, where, std::move(what), std::move(found), std::move(expected), std::move(cure)});
  }
  [[nodiscard]] std::string here() const { return name_ + ":" + std::to_string(cursor_.line()); }

  [[noreturn]] void no_rows() const {
    refuse("KAIROS-D035", name_, "there are no rows", header_ ? "only a header" : "only empty lines",
           "at least one row", "Check what should have written them");
  }

  void read_text(std::string& field) {
    switch (cursor_.text(field)) {
      case CsvFault::None:
        return;
      case CsvFault::OpenQuote:
        refuse("KAIROS-D029", here(), "a quoted field does not end", shown(field), "a closing quote",
               "Close the quote; inside a field write it twice");
      case CsvFault::TextAfterQuote:
        refuse("KAIROS-D030", here(), "a quoted field goes on after its quote", shown(field),
               "the delimiter after the closing quote", "Double the quotes inside the field");
    }
  }

  /// Reads the first record; keeps it for data unless it is the header.
  void read_names() {
    const CsvCursor start = cursor_;
    std::vector<std::string> record;
    do {
      read_text(record.emplace_back());
    } while (cursor_.take_delimiter());
    cursor_.take_line_end();
    header_ = is_header(record, spec_);
    if (!header_) {
      cursor_ = start;
      record.assign(record.size(), "");
    }
    columns_ = assign_columns(record, spec_);
  }

  /// A guess from above for usual numbers; bounded by the size of the file whatever its width is.
  void reserve(std::vector<float>& inputs) const {
    constexpr std::size_t bytes_per_field = 5;
    inputs.reserve((size_ / (bytes_per_field * columns_.all.size()) + 1) * columns_.inputs);
  }

  /// Blank lines may end the file, but not interrupt it.
  bool more_rows() {
    if (cursor_.at_end()) return false;
    if (!cursor_.at_blank_line()) return true;
    const std::string place = here();
    while (!cursor_.at_end() && cursor_.at_blank_line()) cursor_.skip_blank_line();
    if (!cursor_.at_end())
      refuse("KAIROS-D034", place, "a line is empty", "", fields(columns_.all.size()), "Take the line out");
    return false;
  }

  static std::string fields(std::size_t n) { return std::to_string(n) + (n == 1 ? " field" : " fields"); }

  void read_row(std::vector<float>& inputs) {
    const std::int64_t line = cursor_.line();
    const std::size_t width = columns_.all.size();
    for (std::size_t i = 0; i < width; ++i) {
      if (i > 0 && !cursor_.take_delimiter()) ragged(line, i);
      const CsvColumn& column = columns_.all[i];
      if (column.use == ColumnUse::Input) {
        inputs.push_back(read_number(i));
      } else if (column.use == ColumnUse::Weight) {
        weights_.push_back(read_number(i));
      } else {
        read_target(i);
      }
    }
    if (!cursor_.take_line_end()) ragged(line, width);
    ++rows_;
  }

  [[noreturn]] void ragged(std::int64_t line, std::size_t count) {
    std::string ignored;
    while (cursor_.take_delimiter()) {
      read_text(ignored);
      ++count;
    }
    refuse("KAIROS-D024", name_ + ":" + std::to_string(line), "a row has another number of fields",
           fields(count), std::to_string(columns_.all.size()) + " as in line " + std::to_string(first_line_),
           count == columns_.all.size() ? "Take out what stands after the last field"
                                        : "Correct the row, or quote fields that hold the delimiter");
  }

  float read_number(std::size_t column) {
    float value = 0;
    if (cursor_.number(value) && std::isfinite(value)) return value;
    return read_odd_number(column, value);
  }

  /// `value` is what `number` read if that was NaN or infinite; its field is consumed then.
  float read_odd_number(std::size_t column, float value) {
    const std::string in = " in " + columns_.call(column);
    if (!std::isfinite(value)) not_finite(std::isnan(value) ? "NaN" : "infinity", in);
    const std::string place = here();
    std::string text;
    read_text(text);
    if (text.empty())
      refuse("KAIROS-D026", place, "a value is missing", "an empty field" + in, "a number",
             "Fill it in or take the row out");
    switch (parse(text, value)) {
      case Parsed::Number:
        return value;
      case Parsed::NotFinite:
        not_finite(shown(text), in);
      case Parsed::TooLarge:
        refuse("KAIROS-D028", place, "a value does not fit into float32", shown(text) + in, "at most 3.4e38",
               "Scale the column");
      case Parsed::Text:
        break;
    }
    refuse("KAIROS-D025", place, "a field is not a number", shown(text) + in, "a number",
           cure_for_text(text));
  }

  [[noreturn]] void not_finite(const std::string& found, const std::string& in) const {
    refuse("KAIROS-D027", here(), "a value is not finite", found + in, "a finite number",
           "Correct the value or take the row out");
  }

  [[nodiscard]] std::string cure_for_text(const std::string& text) const {
    for (const char other : {';', '\t', ',', '|'})
      if (columns_.all.size() == 1 && other != delimiter_ && text.find(other) != std::string::npos)
        return other == '\t' ? "Set the delimiter to a tab"
                             : std::string("Set the delimiter to '") + other + "'";
    if (rows_ == 0 && !header_) return "If this line names the columns, read the file with a header";
    return "Correct the value, or take the column out of the file";
  }

  /// The first row decides whether a target is numbers or labels.
  void read_target(std::size_t column) {
    float value = 0;
    if (rows_ == 0 && columns_.targets == 1) {
      CsvCursor ahead = cursor_;
      std::string text;
      labelled_ = !ahead.number(value) && ahead.text(text) == CsvFault::None &&
                  parse(text, value) == Parsed::Text && !text.empty();
    }
    if (!labelled_) return targets_.push_back(read_number(column));
    const std::string place = here();
    std::string text;
    read_text(text);
    if (text.empty() || is_missing_mark(text))
      refuse("KAIROS-D026", place, "a value is missing",
             (text.empty() ? "an empty field" : shown(text)) + " in " + columns_.call(column), "a label",
             "Fill it in or take the row out");
    if (parse(text, value) != Parsed::Text)
      refuse("KAIROS-D032", place, "a target is a number among labels",
             shown(text) + " in " + columns_.call(column), "a label as in the rows before",
             "Correct the value, or quote no label that is a number");
    labels_.add(text);
  }

  void add_rest(Dataset& data) {
    if (labelled_) {
      targets_ = labels_.numbers(spec_.class_names, data);
      data.class_names = spec_.class_names.empty() ? labels_.sorted() : spec_.class_names;
    }
    if (columns_.targets > 0) {
      std::vector<std::int64_t> shape{rows_};
      if (columns_.targets > 1) shape.push_back(static_cast<std::int64_t>(columns_.targets));
      data.targets.push_back({"", {shape, std::move(targets_)}});
    }
    if (columns_.weights > 0) data.sample_weights.push_back({"", {{rows_}, std::move(weights_)}});
  }

  const DataSpec& spec_;
  std::string name_;
  std::size_t size_;
  CsvCursor cursor_;
  char delimiter_;
  std::int64_t first_line_ = 1;
  bool header_ = false;
  bool labelled_ = false;
  CsvColumns columns_;
  std::int64_t rows_ = 0;
  std::vector<float> targets_, weights_;
  Labels labels_;
};

char delimiter_of(const DataSpec& spec) {
  if (spec.delimiter == '\0') return spec.file.extension() == ".tsv" ? '\t' : ',';
  if (std::string_view("\"\n\r +-.").find(spec.delimiter) != std::string_view::npos ||
      std::isalnum(static_cast<unsigned char>(spec.delimiter)) != 0)
    throw Error(ErrorKind::Data, {"KAIROS-D040", spec.file.string(), "this character cannot be the delimiter",
                                  shown(std::string(1, spec.delimiter)), "a comma, semicolon, tab or bar",
                                  "Choose another delimiter"});
  return spec.delimiter;
}

/// The text without a byte order mark; refuses what is not UTF-8 or ASCII text at all.
std::string_view text_of(const std::string& bytes, const DataSpec& spec) {
  const std::string_view text = bytes;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
      text.substr(0, 4096).find('\0') != std::string_view::npos)
    throw Error(ErrorKind::Data, {"KAIROS-D031", spec.file.string(), "this is not a CSV text",
                                  "UTF-16 or binary data", "UTF-8", "Save the file as UTF-8 text"});
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

}  // namespace

Dataset read_csv(const DataSpec& spec) {
  const char delimiter = delimiter_of(spec);
  const std::string bytes = read_file(spec.file);
  return CsvReader(spec, text_of(bytes, spec), delimiter).read();
}

Array read_csv_column(const std::filesystem::path& path) {
  DataSpec spec;
  spec.file = path;
  spec.target_use = TargetUse::Optional;
  Array column = std::move(read_csv(spec).inputs.front().array);
  if (column.row_size() != 1)
    throw Error(ErrorKind::Data, {"KAIROS-D041", path.string(), "the file has more than one column",
                                  std::to_string(column.row_size()), "1", "Give a file of one column"});
  column.shape = {column.rows()};
  return column;
}

}  // namespace kairos::host
