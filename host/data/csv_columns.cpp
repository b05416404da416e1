// SPDX-License-Identifier: MIT
// Columns by name, by index, by index from the end.
#include "data/csv_columns.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "data/array_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

bool is_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error != std::errc::invalid_argument && end == text.data() + text.size();
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::optional<std::size_t> find_column(const std::vector<std::string>& names, const std::string& wanted) {
  if (const auto named = std::find(names.begin(), names.end(), wanted);
      named != names.end() && !wanted.empty())
    return static_cast<std::size_t>(named - names.begin());
  std::int64_t index = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
  if (wanted.empty() || error != std::errc{} || end != wanted.data() + wanted.size()) return std::nullopt;
  const auto count = static_cast<std::int64_t>(names.size());
  if (index < -count || index >= count) return std::nullopt;
  return static_cast<std::size_t>(index < 0 ? index + count : index);
}

/// For a table that was read as one column, because another character than the delimiter divides its rows.
std::string delimiter_cure(const std::vector<std::string>& names) {
  if (names.size() != 1) return "";
  if (names.front().find(';') != std::string::npos) return "Did you mean --delimiter ';'?";
  if (names.front().find('\t') != std::string::npos) return "Did you mean --delimiter tab?";
  return "";
}

/// `cure`, but where the delimiter is what is wrong.
std::string cure_of(const std::vector<std::string>& names, const std::string& cure) {
  const std::string delimiter = delimiter_cure(names);
  return delimiter.empty() ? cure : delimiter;
}

/// A number is meant as an index: the name of another column is no help.
std::string column_cure(const std::vector<std::string>& names, const std::string& wanted, bool header) {
  if (!header || is_number(wanted))
    return "Give the index of the column" + std::string(header ? ", or its name" : "");
  return suggest(wanted, names);
}

[[noreturn]] void unknown(const std::vector<std::string>& names, const std::string& wanted, const char* role,
                          const DataSpec& spec) {
  const bool header =
      std::any_of(names.begin(), names.end(), [](const std::string& name) { return !name.empty(); });
  const std::string count = std::to_string(names.size());
  throw Error(
      ErrorKind::Data,
      {"KAIROS-D022", spec.file.string(), std::string("there is no such ") + role + " column",
       "\"" + wanted + "\"",
       header ? "a name of the header or an index from -" + count + " to " + std::to_string(names.size() - 1)
              : "an index from -" + count + " to " + std::to_string(names.size() - 1) +
                    ", because the file has no header",
       cure_of(names, column_cure(names, wanted, header))});
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t listed = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(listed, names.size()); ++i) text += (i > 0 ? ", " : "") + names[i];
  return text + (names.size() > listed ? ", …" : "");
}

const char* role_of(ColumnUse use) {
  return use == ColumnUse::Input ? "input" : use == ColumnUse::Target ? "target" : "sample weight";
}

void assign(CsvColumns& columns, const std::vector<std::string>& names, const std::string& wanted,
            ColumnUse use, const DataSpec& spec) {
  const std::optional<std::size_t> index = find_column(names, wanted);
  if (!index && use == ColumnUse::Target && spec.target_use == TargetUse::Optional) return;
  if (!index) unknown(names, wanted, role_of(use), spec);
  CsvColumn& column = columns.all[*index];
  const bool free = column.use == ColumnUse::None || (column.use == ColumnUse::Input && spec.inputs.empty());
  if (!free)
    throw Error(ErrorKind::Data, {"KAIROS-D038", spec.file.string(), "a column is asked for twice",
                                  columns.call(*index), "each column once", "Name another column"});
  column.use = use;
  column.sink = columns.sinks.size() - 1;
  column.slot = columns.sinks.back().width++;
}

/// One sink of the columns in `list`: one name, or several with commas in between.
void add_sink(CsvColumns& columns, const std::vector<std::string>& names, const PortSource& wanted,
              ColumnUse use, const DataSpec& spec) {
  if (names_file(wanted.source)) return;
  if (columns.sinks.size() == most_csv_sinks)
    throw Error(
        ErrorKind::Data,
        {"KAIROS-D080", spec.file.string(), "too many inputs and targets are taken from one table",
         "more than " + std::to_string(most_csv_sinks), "", "Write some of them into files of their own"});
  columns.sinks.push_back({use, wanted.port, 0});
  const std::vector<std::string> list =
      find_column(names, wanted.source) ? std::vector<std::string>{wanted.source} : split(wanted.source);
  for (const std::string& one : list) assign(columns, names, one, use, spec);
  if (columns.sinks.back().width == 0) columns.sinks.pop_back();  // A target that may be missing, and is.
}

void refuse_duplicates(const std::vector<std::string>& names, const DataSpec& spec) {
  std::set<std::string> seen;
  for (const std::string& name : names)
    if (!seen.insert(name).second)
      throw Error(ErrorKind::Data,
                  {"KAIROS-D023", spec.file.string(), "two columns have the same name", "\"" + name + "\"",
                   "names that differ", "Rename one of them in the header"});
}

}  // namespace

std::string CsvColumns::call(std::size_t index) const {
  if (!all[index].name.empty()) return "column \"" + all[index].name + "\"";
  return "column " + std::to_string(index) + " (counted from 0)";
}

bool is_header(const std::vector<std::string>& record, const DataSpec& spec) {
  if (spec.header != HeaderPolicy::Detect) return spec.header == HeaderPolicy::Present;
  if (std::none_of(record.begin(), record.end(), is_number)) return true;
  const auto names_one = [&](const std::string& wanted) {
    return !is_number(wanted) && std::find(record.begin(), record.end(), wanted) != record.end();
  };
  const auto names_all = [&](const std::string& list) {
    const std::vector<std::string> parts = split(list);
    return names_one(list) || (parts.size() > 1 && std::all_of(parts.begin(), parts.end(), names_one));
  };
  if (names_all(spec.target) || names_one(spec.sample_weight)) return true;
  for (const auto* sources : {&spec.inputs, &spec.targets, &spec.sample_weights})
    for (const PortSource& one : *sources)
      if (names_all(one.source)) return true;
  return false;
}

CsvColumns assign_columns(const std::vector<std::string>& names, const DataSpec& spec) {
  const bool header =
      std::any_of(names.begin(), names.end(), [](const std::string& name) { return !name.empty(); });
  if (header) refuse_duplicates(names, spec);
  const bool named_inputs = !spec.inputs.empty();
  CsvColumns columns;
  for (const std::string& name : names)
    columns.all.push_back({name, named_inputs ? ColumnUse::None : ColumnUse::Input, 0, 0});
  if (!named_inputs) columns.sinks.push_back({ColumnUse::Input, "", 0});
  for (const PortSource& one : spec.inputs) add_sink(columns, names, one, ColumnUse::Input, spec);
  if (!spec.target.empty())
    add_sink(columns, names, {"", spec.target}, ColumnUse::Target, spec);
  else if (spec.targets.empty() && spec.target_use == TargetUse::Required)
    throw Error(ErrorKind::Data, {"KAIROS-D021", spec.file.string(), "no target column is named", "", "one",
                                  cure_of(names, header ? "Name one of the header's: " + list_of(names)
                                                        : "Give its index, -1 for the last column")});
  for (const PortSource& one : spec.targets) add_sink(columns, names, one, ColumnUse::Target, spec);
  if (!spec.sample_weight.empty() && !names_file(spec.sample_weight)) {
    columns.sinks.push_back({ColumnUse::Weight, "", 0});
    assign(columns, names, spec.sample_weight, ColumnUse::Weight, spec);
  }
  for (const PortSource& one : spec.sample_weights) add_sink(columns, names, one, ColumnUse::Weight, spec);
  if (named_inputs) return columns;
  for (CsvColumn& column : columns.all)
    if (column.use == ColumnUse::Input) column.slot = columns.sinks.front().width++;
  if (columns.sinks.front().width == 0)
    throw Error(ErrorKind::Data,
                {"KAIROS-D039", spec.file.string(), "no column is left for the input",
                 std::to_string(names.size()) + " in all", "at least one besides target and weight",
                 cure_of(names, "Check the delimiter of the file")});
  return columns;
}

}  // namespace kairos::host
