// SPDX-License-Identifier: MIT
// Names are compared exactly as in the file, including case.
#include "data/known_columns.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "base/name_list.hpp"
#include "io/input_columns.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

using Names = std::vector<std::string>;

std::string quoted_list(Names names) {
  for (std::string& name : names) name = "\"" + name + "\"";
  return joined_names(names);
}

/// The columns of a port; the only input may have no name.
std::string in_quotes(const std::string& port) {
  return port.empty() ? "" : " \"" + port + "\"";
}

std::string shown_name(const CsvColumns& columns, std::size_t index) {
  const std::string& name = columns.all[index].name;
  return name.empty() ? "column " + std::to_string(index) + ", which has no name" : "\"" + name + "\"";
}

const PortSource* source_of(const std::string& port, const DataSpec& spec) {
  const auto own = std::find_if(spec.inputs.begin(), spec.inputs.end(),
                                [&](const PortSource& one) { return one.port == port; });
  return own == spec.inputs.end() ? nullptr : &*own;
}

/// How to fix a name that the table lacks.
std::string cure_for_missing(const std::string& name, const Names& others) {
  // A single letter is one edit away from any other.
  if (const std::string near = nearest(name, others); near.size() > 1 || (!near.empty() && name.size() > 1))
    return "Did you mean \"" + near + "\"? Then rename it to \"" + name + "\" in the header";
  return "Add the column, or correct its name in the header";
}

class KnownColumns {
 public:
  KnownColumns(CsvColumns& columns, const DataSpec& spec) : columns_(columns), spec_(spec) {
    for (std::size_t i = 0; i < columns.all.size(); ++i) place_of_.emplace(columns.all[i].name, i);
  }

  void take() {
    for (std::size_t sink = 0; sink < columns_.sinks.size(); ++sink) {
      if (columns_.sinks[sink].use != ColumnUse::Input) continue;
      const std::string& port = columns_.sinks[sink].port;
      if (const InputColumns* known = known_columns_of(port, spec_)) put_in_order(sink, known->names);
    }
    note_left_out();
  }

 private:
  void put_in_order(std::size_t sink, const Names& names) {
    const bool listed = source_of(columns_.sinks[sink].port, spec_) != nullptr;
    std::vector<std::size_t> places;
    Names missing;
    for (const std::string& name : names) {
      const auto place = find(name);
      if (place && (!listed || in_sink(*place, sink)))
        places.push_back(*place);
      else
        missing.push_back(name);
    }
    if (!missing.empty()) refuse_missing(missing, names, sink);
    for (const std::size_t place : places) require_free(place, sink);
    std::vector<bool> known(columns_.all.size(), false);
    for (const std::size_t place : places) known[place] = true;
    for (std::size_t i = 0; i < columns_.all.size(); ++i)
      if (in_sink(i, sink) && !known[i]) leave_out(i);
    for (std::size_t slot = 0; slot < places.size(); ++slot) {
      CsvColumn& column = columns_.all[places[slot]];
      column.use = ColumnUse::Input;
      column.sink = sink;
      column.slot = slot;
    }
    columns_.sinks[sink].width = places.size();
  }

  [[nodiscard]] std::optional<std::size_t> find(const std::string& name) const {
    const auto found = place_of_.find(name);
    return found == place_of_.end() ? std::nullopt : std::optional(found->second);
  }

  [[nodiscard]] bool in_sink(std::size_t index, std::size_t sink) const {
    return columns_.all[index].use == ColumnUse::Input && columns_.all[index].sink == sink;
  }

  void leave_out(std::size_t index) {
    columns_.all[index].use = ColumnUse::None;
    left_out_.push_back(index);
  }

  void require_free(std::size_t index, std::size_t sink) const {
    const ColumnUse use = columns_.all[index].use;
    if (use == ColumnUse::None || in_sink(index, sink)) return;
    throw Error(ErrorKind::Data, {"KAIROS-D321", spec_.file.string(),
                                  "an input column of the model is also used as something else",
                                  columns_.call(index) + " as " +
                                      (use == ColumnUse::Target   ? "the target"
                                       : use == ColumnUse::Weight ? "the sample weight"
                                                                  : "another input"),
                                  "a column that is not an input of the model", "Choose another column"});
  }

  [[noreturn]] void refuse_missing(const Names& missing, const Names& names, std::size_t sink) const {
    const bool listed = source_of(columns_.sinks[sink].port, spec_) != nullptr;
    const std::set<std::string_view> wanted(names.begin(), names.end());
    Names others, found;
    for (std::size_t i = 0; i < columns_.all.size(); ++i) {
      const std::string& name = columns_.all[i].name;
      if (name.empty() || (listed && !in_sink(i, sink))) continue;
      found.push_back(name);
      if (!wanted.contains(name)) others.push_back(name);
    }
    const bool one = missing.size() == 1;
    throw Error(
        ErrorKind::Data,
        {"KAIROS-D320", spec_.file.string(),
         std::string(one ? "a column that the model was trained on is"
                         : "columns that the model was trained on are") +
             (listed ? " not selected for the input" + in_quotes(columns_.sinks[sink].port) : " missing") +
             ": " + quoted_list(missing),
         quoted_list(found), "",
         listed && find(missing.front()) ? "Leave the selection out: the columns are found by their names"
                                         : cure_for_missing(missing.front(), others)});
  }

  /// Where the user lists columns, other columns are left out intentionally.
  void note_left_out() {
    if (spec_.inputs.empty()) {
      left_out_.clear();
      for (std::size_t i = 0; i < columns_.all.size(); ++i)
        if (columns_.all[i].use == ColumnUse::None) left_out_.push_back(i);
    }
    // A column that one input leaves out may belong to another.
    std::erase_if(left_out_, [&](std::size_t i) { return columns_.all[i].use != ColumnUse::None; });
    if (left_out_.empty()) return;
    std::string text = left_out_.size() == 1 ? "a column that the model was not trained on is left out: "
                                             : "columns that the model was not trained on are left out: ";
    Names names;
    for (const std::size_t column : left_out_) names.push_back(shown_name(columns_, column));
    columns_.notes.push_back(text + joined_names(names));
  }

  CsvColumns& columns_;
  const DataSpec& spec_;
  std::unordered_map<std::string_view, std::size_t> place_of_;
  std::vector<std::size_t> left_out_;
};

/// "Unnamed: 0", and "Unnamed: 0.1" of a table that was written and read twice.
bool is_name_of_index(const std::string& name) {
  constexpr std::string_view stem = "Unnamed: 0";
  if (!name.starts_with(stem)) return false;
  return std::all_of(name.begin() + stem.size(), name.end(),
                     [](char c) { return c == '.' || std::isdigit(static_cast<unsigned char>(c)) != 0; });
}

std::string index_note(const CsvColumns& columns, std::size_t index) {
  const bool unnamed = columns.all[index].name.empty();
  return (unnamed ? "column " + std::to_string(index) + " has no name and" : columns.call(index)) +
         " is left out, as the index of a data frame. If it is an input, " +
         (unnamed ? "name it in the header" : "give it another name in the header");
}

}  // namespace

bool knows_several_inputs(const DataSpec& spec) {
  return spec.input_columns.size() > 1;
}

const InputColumns* known_columns_of(const std::string& port, const DataSpec& spec) {
  return columns_for(spec.input_columns, port, std::max(spec.inputs.size(), spec.input_ports.size()));
}

void take_known_columns(CsvColumns& columns, const DataSpec& spec) {
  KnownColumns(columns, spec).take();
}

std::size_t index_columns(const std::vector<std::string>& names) {
  const auto first = std::find_if_not(names.begin(), names.end(), [](const std::string& name) {
    return name.empty() || is_name_of_index(name);
  });
  return static_cast<std::size_t>(first - names.begin());
}

void leave_index_out(CsvColumns& columns, const DataSpec& spec) {
  bool in_front = true;
  for (std::size_t i = 0; i < columns.all.size(); ++i) {
    CsvColumn& column = columns.all[i];
    in_front = in_front && (column.name.empty() || is_name_of_index(column.name));
    if (column.use != ColumnUse::Input) continue;
    if (in_front) {
      column.use = ColumnUse::None;
      columns.notes.push_back(index_note(columns, i));
    } else if (column.name.empty()) {
      throw Error(ErrorKind::Data,
                  {"KAIROS-D323", spec.file.string(), "a column of the header has no name", columns.call(i),
                   "a name for each column", "Name it, or remove it from the file"});
    }
  }
}

}  // namespace kairos::host
