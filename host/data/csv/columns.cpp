// SPDX-License-Identifier: MIT
// Finds columns by name, by index, or by index from the end.
#include "data/csv/columns.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "data/array_file.hpp"
#include "data/csv/header.hpp"
#include "data/known_columns.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

std::optional<std::size_t> find_name(const std::vector<std::string>& names, const std::string& wanted) {
  const auto named = std::find(names.begin(), names.end(), wanted);
  if (named == names.end() || wanted.empty()) return std::nullopt;
  return static_cast<std::size_t>(named - names.begin());
}

std::optional<std::size_t> find_index(const std::vector<std::string>& names, const std::string& wanted) {
  std::int64_t index = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
  if (wanted.empty() || error != std::errc{} || end != wanted.data() + wanted.size()) return std::nullopt;
  const auto count = static_cast<std::int64_t>(names.size());
  if (index < -count || index >= count) return std::nullopt;
  return static_cast<std::size_t>(index < 0 ? index + count : index);
}

/// By name, otherwise by index. If the names of columns are numbers, a column with a different number as its
/// name is not a match.
std::optional<std::size_t> find_column(const std::vector<std::string>& names, const std::string& wanted) {
  if (const auto named = find_name(names, wanted)) return named;
  const std::optional<std::size_t> index = find_index(names, wanted);
  if (!index || wanted.front() == '-' || !has_number_names(names)) return index;
  if (const auto named = find_name(names, wanted + ".0")) return named;
  return is_number_text(names[*index]) ? std::nullopt : index;
}

/// For a table that was read as a single column, because its delimiter is a different character.
std::string delimiter_cure(const std::vector<std::string>& names) {
  if (names.size() != 1) return "";
  if (names.front().find(';') != std::string::npos) return "Set `delimiter=';'`";
  if (names.front().find('\t') != std::string::npos) return "Set `delimiter=tab`";
  return "";
}

/// `cure`, unless the delimiter is the problem.
std::string cure_of(const std::vector<std::string>& names, const std::string& cure) {
  const std::string delimiter = delimiter_cure(names);
  return delimiter.empty() ? cure : delimiter;
}

/// A number is meant as an index: suggesting the name of another column does not help.
std::string column_cure(const std::vector<std::string>& names, const std::string& wanted, bool header) {
  if (!header || is_number_text(wanted))
    return "Give the index of the column" + std::string(header ? ", or its name" : "");
  return suggest(wanted, names);
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t listed = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(listed, names.size()); ++i) text += (i > 0 ? ", " : "") + names[i];
  return text + (names.size() > listed ? ", …" : "");
}

[[noreturn]] void unknown(const std::vector<std::string>& names, const std::string& wanted, const char* role,
                          const DataSpec& spec) {
  const bool header =
      std::any_of(names.begin(), names.end(), [](const std::string& name) { return !name.empty(); });
  const std::string count = std::to_string(names.size()), last = std::to_string(names.size() - 1);
  const bool numbers = has_number_names(names);
  const std::string index = "an index from -" + count + " to " + (numbers ? "-1" : last);
  throw Error(ErrorKind::Data,
              {"KAIROS-D022", spec.file.string(), "the " + std::string(role) + " column does not exist",
               "\"" + wanted + "\"",
               header ? "a name of the header or " + index : index + ", because the file has no header",
               numbers ? "Choose a column of the header: " + list_of(names)
                       : cure_of(names, column_cure(names, wanted, header))});
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
    throw Error(ErrorKind::Data, {"KAIROS-D038", spec.file.string(), "a column is used twice",
                                  columns.call(*index), "each column once", "Choose another column"});
  if (const auto position = find_index(names, wanted);
      position && *position != *index && *position + index_columns(names) != *index)
    columns.notes.push_back("the " + std::string(role_of(use)) + " " + wanted +
                            " is the column of that name, not " + columns.call(*position) +
                            ", which is at that position");
  column.use = use;
  column.sink = columns.sinks.size() - 1;
  column.slot = columns.sinks.back().width++;
}

void require_room(const CsvColumns& columns, const DataSpec& spec) {
  if (columns.sinks.size() < most_csv_sinks) return;
  throw Error(ErrorKind::Data,
              {"KAIROS-D080", spec.file.string(), "too many inputs and targets are taken from one table",
               "more than " + std::to_string(most_csv_sinks), "", "Write some of them to separate files"});
}

/// One sink for the columns in a list: one name, or several separated by commas.
void add_sink(CsvColumns& columns, const std::vector<std::string>& names, const PortSource& wanted,
              ColumnUse use, const DataSpec& spec) {
  if (names_file(wanted.source)) return;
  require_room(columns, spec);
  columns.sinks.push_back({use, wanted.port, 0});
  const std::vector<std::string> list = find_column(names, wanted.source)
                                            ? std::vector<std::string>{wanted.source}
                                            : split_columns(wanted.source);
  for (const std::string& one : list) assign(columns, names, one, use, spec);
  if (columns.sinks.back().width == 0) columns.sinks.pop_back();  // An optional target that is missing.
}

void refuse_duplicates(const std::vector<std::string>& names, const DataSpec& spec) {
  std::set<std::string> seen;
  for (const std::string& name : names)
    if (!name.empty() && !seen.insert(name).second)
      throw Error(ErrorKind::Data, {"KAIROS-D023", spec.file.string(), "two columns have the same name",
                                    "\"" + name + "\"", "unique names", "Rename one of them in the header"});
}

/// For inputs whose columns the model knows and the user does not name.
void add_known_sinks(CsvColumns& columns, const DataSpec& spec) {
  if (!knows_several_inputs(spec)) return;
  for (const InputColumns& known : spec.input_columns) {
    const bool named = std::any_of(spec.inputs.begin(), spec.inputs.end(),
                                   [&](const PortSource& one) { return one.port == known.port; });
    if (named) continue;
    require_room(columns, spec);
    columns.sinks.push_back({ColumnUse::Input, known.port, 0});
  }
}

void add_targets(CsvColumns& columns, const std::vector<std::string>& names, const DataSpec& spec,
                 bool header) {
  if (!spec.target.empty())
    add_sink(columns, names, {"", spec.target}, ColumnUse::Target, spec);
  else if (spec.targets.empty() && spec.target_use == TargetUse::Required)
    throw Error(ErrorKind::Data, {"KAIROS-D021", spec.file.string(), "no target column is named", "", "one",
                                  cure_of(names, header ? "Choose a column of the header: " + list_of(names)
                                                        : "Give its index, -1 for the last column")});
  for (const PortSource& one : spec.targets) add_sink(columns, names, one, ColumnUse::Target, spec);
}

void add_weights(CsvColumns& columns, const std::vector<std::string>& names, const DataSpec& spec) {
  if (!spec.sample_weight.empty() && !names_file(spec.sample_weight)) {
    columns.sinks.push_back({ColumnUse::Weight, "", 0});
    assign(columns, names, spec.sample_weight, ColumnUse::Weight, spec);
  }
  for (const PortSource& one : spec.sample_weights) add_sink(columns, names, one, ColumnUse::Weight, spec);
}

/// All input columns form one sink.
void give_slots(CsvColumns& columns, const std::vector<std::string>& names, const DataSpec& spec) {
  for (CsvColumn& column : columns.all)
    if (column.use == ColumnUse::Input) column.slot = columns.sinks.front().width++;
  if (columns.sinks.front().width == 0)
    throw Error(ErrorKind::Data,
                {"KAIROS-D039", spec.file.string(), "no column is left for the input",
                 std::to_string(names.size()) + " in all", "at least one besides target and weight",
                 cure_of(names, "Check the delimiter of the file")});
}

}  // namespace

std::string CsvColumns::call(std::size_t index) const {
  if (!all[index].name.empty()) return "column \"" + all[index].name + "\"";
  return "column " + std::to_string(index) + " (counted from 0)";
}

std::vector<std::string> CsvColumns::names_of(std::size_t sink) const {
  std::vector<std::string> names(sinks[sink].width);
  for (const CsvColumn& column : all)
    if (column.use == sinks[sink].use && column.sink == sink) names[column.slot] = column.name;
  const bool complete =
      std::none_of(names.begin(), names.end(), [](const auto& name) { return name.empty(); });
  return complete ? names : std::vector<std::string>();
}

CsvColumns assign_columns(const std::vector<std::string>& fields, CsvNames kind, const DataSpec& spec) {
  const bool header = kind != CsvNames::None;
  const bool empty_last = kind == CsvNames::OfHeaderAndEmptyLast;
  const std::vector<std::string> names(fields.begin(), fields.end() - (empty_last ? 1 : 0));
  if (header) refuse_duplicates(names, spec);
  const bool by_name = header && !spec.input_columns.empty();
  const bool takes_all = spec.inputs.empty() && !(by_name && knows_several_inputs(spec));
  CsvColumns columns;
  for (const std::string& name : names)
    columns.all.push_back({name, takes_all ? ColumnUse::Input : ColumnUse::None, 0, 0});
  if (takes_all) columns.sinks.push_back({ColumnUse::Input, "", 0});
  for (const PortSource& one : spec.inputs) add_sink(columns, names, one, ColumnUse::Input, spec);
  if (by_name && !takes_all) add_known_sinks(columns, spec);
  add_targets(columns, names, spec, header);
  add_weights(columns, names, spec);
  if (takes_all && header && !by_name) leave_index_out(columns, spec);
  if (takes_all) give_slots(columns, names, spec);
  if (by_name) take_known_columns(columns, spec);
  if (empty_last) {
    columns.all.push_back({"", ColumnUse::None, 0, 0});
    columns.notes.emplace_back("every line ends in a separator; the empty column after it is left out");
  }
  return columns;
}

}  // namespace kairos::host
