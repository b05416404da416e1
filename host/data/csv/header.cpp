// SPDX-License-Identifier: MIT
// Words are names of columns, numbers are a sample; but data frames name columns 0, 1, 2, …
#include "data/csv/header.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

namespace kairos::host {

namespace {

/// What the fields of a record contain.
struct Counting {
  bool counts = true;       ///< the numbers are 0, 1, 2, …, and only fields before them are empty
  bool has_points = false;  ///< the numbers are 0.0, 1.0, …
  std::size_t unnamed = 0, numbers = 0;
  std::vector<bool> words;  ///< whether each column has a word
  bool has_words = false;
};

Counting counting_of(const std::vector<std::string>& record) {
  Counting found;
  found.words.resize(record.size(), false);
  for (std::size_t i = 0; i < record.size(); ++i) {
    const std::string& field = record[i];
    if (field.empty()) {
      found.counts = found.counts && found.unnamed == i;
      ++found.unnamed;
    } else if (!is_number_text(field)) {
      found.words[i] = found.has_words = true;
    } else {
      if (found.numbers == 0) found.has_points = field == "0.0";
      found.counts = found.counts && field == std::to_string(found.numbers) + (found.has_points ? ".0" : "");
      ++found.numbers;
    }
  }
  return found;
}

/// Whether one of the words occurs again in its column: then it is a label.
bool come_again(const std::vector<std::string>& record, const std::vector<bool>& words, CsvCursor rest) {
  constexpr int rows_read = 1000;
  std::string field;
  for (int row = 0; row < rows_read && !rest.at_end(); ++row) {
    std::size_t column = 0;
    do {
      if (rest.text(field) != CsvFault::None) return false;
      if (column < record.size() && words[column] && field == record[column]) return true;
      ++column;
    } while (rest.take_delimiter());
    if (!rest.take_line_end()) return false;
  }
  return false;
}

/// A few consecutive numbers could be a sample, and so could the only line of a file. Two are enough next to
/// a word, and if a model knows them as names.
bool is_counting_header(const std::vector<std::string>& record, const Counting& found, bool known,
                        CsvCursor rest) {
  if (!found.counts || found.numbers == 0) return false;
  if (found.unnamed > 0) return true;
  while (!rest.at_end() && rest.at_blank_line()) rest.skip_blank_line();
  const bool two_are_enough = known || (found.has_words && !found.has_points);
  if (found.numbers < (two_are_enough ? 2 : 3) || rest.at_end()) return false;
  return !found.has_words || !come_again(record, found.words, rest);
}

/// Whether all names that a model knows are fields of the record.
bool holds_all(const std::vector<std::string>& record, const std::vector<InputColumns>& columns) {
  const std::set<std::string_view> fields(record.begin(), record.end());
  std::size_t names = 0;
  for (const InputColumns& input : columns)
    for (const std::string& name : input.names) {
      if (!fields.contains(name)) return false;
      ++names;
    }
  return names > 1;  // a single number occurs as a value in many files
}

/// Whether the names are column numbers as data frames write them.
bool count_columns(const std::vector<InputColumns>& columns, std::size_t fields) {
  const auto counts = [&](const std::string& name) {
    for (std::size_t i = 0; i < fields; ++i)
      if (name == std::to_string(i) || name == std::to_string(i) + ".0") return true;
    return false;
  };
  return std::ranges::all_of(columns,
                             [&](const InputColumns& one) { return std::ranges::all_of(one.names, counts); });
}

/// Whether columns that the user names by words are fields of the record.
bool holds_wanted(const std::vector<std::string>& record, const DataSpec& spec) {
  const auto names_one = [&](const std::string& wanted) {
    return !wanted.empty() && !is_number_text(wanted) &&
           std::find(record.begin(), record.end(), wanted) != record.end();
  };
  const auto names_all = [&](const std::string& list) {
    const std::vector<std::string> parts = split_columns(list);
    return names_one(list) || (parts.size() > 1 && std::all_of(parts.begin(), parts.end(), names_one));
  };
  if (names_all(spec.target) || names_one(spec.sample_weight)) return true;
  for (const auto* sources : {&spec.inputs, &spec.targets, &spec.sample_weights})
    for (const PortSource& one : *sources)
      if (names_all(one.source)) return true;
  return false;
}

}  // namespace

HeaderLine header_line(const std::vector<std::string>& record, CsvCursor rest, const DataSpec& spec) {
  if (spec.header != HeaderPolicy::Detect)
    return spec.header == HeaderPolicy::Present ? HeaderLine::Names : HeaderLine::Absent;
  if (std::none_of(record.begin(), record.end(), is_number_text)) return HeaderLine::Names;
  if (holds_wanted(record, spec)) return HeaderLine::Names;
  const Counting found = counting_of(record);
  // 0 and 1 are values of many samples: such names must be consecutive, or next to a word that is not a
  // label.
  bool known = holds_all(record, spec.input_columns);
  if (is_counting_header(record, found, known, rest)) return HeaderLine::Numbers;
  if (known && count_columns(spec.input_columns, record.size()))
    known = found.has_words && !come_again(record, found.words, rest);
  if (!known) return HeaderLine::Absent;
  if (!found.has_words) return HeaderLine::KnownNumbers;
  return HeaderLine::Names;
}

bool has_number_names(const std::vector<std::string>& names) {
  const Counting found = counting_of(names);
  return found.counts && found.numbers > 0;
}

bool is_number_text(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error != std::errc::invalid_argument && end == text.data() + text.size();
}

std::vector<std::string> split_columns(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace kairos::host
