// SPDX-License-Identifier: MIT
// Selects the reader by the ending, and adds inputs, targets and weights from separate files.
#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "data/array_file.hpp"
#include "data/check_data_spec.hpp"
#include "data/csv/dataset.hpp"
#include "data/data_files.hpp"
#include "data/image_folder.hpp"
#include "data/npz_dataset.hpp"
#include "data/text_labels.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse_data(const char* code, const std::string& where, const std::string& what,
                              const std::string& found, const std::string& expected,
                              const std::string& cure) {
  throw Error(ErrorKind::Data, {code, where, what, found, expected, cure});
}

/// Duplicate and unknown names, before anything is read.
void check_ports(const std::vector<PortSource>& sources, const std::vector<std::string>& ports,
                 const std::string& role, const char* kind) {
  std::set<std::string> seen;
  for (const PortSource& source : sources) {
    if (!seen.insert(source.port).second)
      refuse_data("KAIROS-D060", source.source, "two " + role + "s have the same name",
                  "\"" + source.port + "\"", "each name once", "Remove one of them");
    if (!ports.empty() && std::find(ports.begin(), ports.end(), source.port) == ports.end())
      refuse_data("KAIROS-D061", source.source,
                  "the model has no " + std::string(kind) + " for the " + role + " of this name",
                  "\"" + source.port + "\"", "", suggest(source.port, ports));
  }
}

/// Only an NPZ and a table have several arrays that a name could refer to.
void check_sources(const DataSpec& spec, const std::vector<PortSource>& sources, const std::string& role) {
  for (const PortSource& source : sources)
    if (!names_file(source.source))
      refuse_data("KAIROS-D062", spec.file.string(),
                  "the source of the " + role + " \"" + source.port + "\" is not a file of one array",
                  "\"" + source.source + "\"", array_file_kinds(),
                  spec.file.empty()
                      ? "Correct the name of the file"
                      : "Write the array to a separate file, or put all arrays into an .npz file");
}

/// Standard input and pipes, whose size is unknown and which cannot be read twice. A column may be called
/// "-".
void refuse_pipe(const std::string& source, bool may_be_column) {
  const bool is_input = source == "-" && !may_be_column;
  constexpr std::array streams = {"/dev/stdin", "/dev/fd/", "/proc/self/fd/"};
  if (!is_input && std::ranges::none_of(streams, [&](const char* one) { return source.starts_with(one); }))
    return;
  throw Error(ErrorKind::File,
              {"KAIROS-F002", source, "data cannot be read from standard input, a pipe or a device", "",
               "a regular file", "Write the data to a file with the ending of their kind, such as data.csv"});
}

/// A compressed file would otherwise be looked up as a column.
void refuse_gzip(const std::string& source) {
  std::error_code ignored;
  if (kind_of(source) == FileKind::Gzip && std::filesystem::exists(source, ignored))
    refuse_data("KAIROS-D020", source, "this kind of data file is not supported", shown_ending(source),
                array_file_kinds(), "Unpack the file with gunzip");
}

void check_readable(const DataSpec& spec) {
  refuse_pipe(spec.file.string(), false);
  std::vector<std::string> sources{spec.target, spec.sample_weight};
  for (const auto* list : {&spec.inputs, &spec.targets, &spec.sample_weights})
    for (const PortSource& one : *list) sources.push_back(one.source);
  for (const std::string& source : sources) {
    refuse_pipe(source, true);
    refuse_gzip(source);
  }
}

}  // namespace

void check_data_spec(const DataSpec& spec) {
  check_readable(spec);
  check_ports(spec.inputs, spec.input_ports, "input", "input");
  check_ports(spec.targets, spec.output_ports, "target", "output");
  check_ports(spec.sample_weights, spec.output_ports, "sample weight", "output");
  const FileKind kind = kind_of(spec.file);
  if (kind == FileKind::Npz) return;
  const bool columns = is_table(kind);
  const bool takes_columns =
      columns && std::any_of(spec.inputs.begin(), spec.inputs.end(),
                             [](const PortSource& one) { return !names_file(one.source); });
  if (!spec.file.empty() && !spec.inputs.empty() && !takes_columns)
    refuse_data("KAIROS-D063", spec.file.string(), "inputs are named, but the data file itself is the input",
                "\"" + spec.inputs.front().port + "\"",
                "only one of the two, or names of CSV columns or .npz arrays",
                "Name a file for each input, and leave this one out");
  if (columns) return;  // A name that is not a file is a column, which is checked against the table.
  check_sources(spec, spec.inputs, "input");
  check_sources(spec, spec.targets, "target");
  check_sources(spec, spec.sample_weights, "sample weight");
}

namespace {

/// Inputs from array files, whose targets and weights must be files too. `kind` is what messages call the
/// first input.
void check_apart(const DataSpec& spec, const std::string& where, const std::string& kind) {
  const auto needs_file = [&](const std::string& role, const char* what) {
    if (!role.empty() && !names_file(role))
      refuse_data("KAIROS-D044", where, kind + " has no columns to take the " + what + " from",
                  "\"" + role + "\"", array_file_kinds(), "Give the path of such a file");
  };
  needs_file(spec.target, "target");
  needs_file(spec.sample_weight, "sample weight");
  if (spec.target.empty() && spec.targets.empty() && spec.target_use == TargetUse::Required)
    refuse_data("KAIROS-D021", where, "no target is named", "", "a file of targets",
                "Give the path of such a file as the target");
}

void add_file(Dataset& data, std::vector<NamedArray>& arrays, const std::string& port,
              const std::string& file, const ArrayFileOptions& options) {
  ArrayFile read = read_array_file(file, options);
  const bool is_input = options.width == CsvWidth::Table;
  arrays.push_back(
      {port, std::move(read.array), is_input ? std::move(read.columns) : std::vector<std::string>()});
  name_file(arrays.back(), data, file);
  data.notes.insert(data.notes.end(), read.notes.begin(), read.notes.end());
}

Dataset read_array_dataset(const DataSpec& spec, const std::string& kind) {
  const std::string file = spec.file.string();
  check_apart(spec, file, kind);
  Dataset data;
  data.origin = file;
  add_file(data, data.inputs, "", file, input_options(spec, ""));
  return data;
}

Dataset read_named_inputs(const DataSpec& spec) {
  if (spec.inputs.empty())
    refuse_data("KAIROS-D064", "", "no data file is named", "", "a file, or a file for each input",
                "Name one");
  check_apart(spec, spec.inputs.front().source, array_file_kinds());
  Dataset data;
  data.origin = spec.inputs.front().source;
  for (const PortSource& input : spec.inputs)
    add_file(data, data.inputs, input.port, input.source, input_options(spec, input.port));
  return data;
}

LoadedData read_file_of(const DataSpec& spec) {
  if (spec.file.empty()) return {read_named_inputs(spec), {}};
  const FileKind kind = kind_of(spec.file);
  if (hdf5_location(spec.file.string())) return {read_array_dataset(spec, "an HDF5 array"), {}};
  if (kind == FileKind::Npz) return read_npz_dataset(spec);
  if (kind == FileKind::Npy) return {read_array_dataset(spec, "an .npy file"), {}};
  if (kind == FileKind::Idx) return {read_array_dataset(spec, "an IDX file"), {}};
  if (is_table(kind)) return {read_csv(spec), {}};
  std::error_code ignored;
  if (std::filesystem::is_directory(spec.file, ignored)) return {read_image_folder(spec), {}};
  refuse_data(
      "KAIROS-D020", spec.file.string(), "this kind of data file is not supported", shown_ending(spec.file),
      endings({FileKind::Csv, FileKind::Tsv, FileKind::Text, FileKind::TextData, FileKind::Npy, FileKind::Npz,
               FileKind::Idx, FileKind::Hdf5Array}) +
          ", or a directory of images",
      kind == FileKind::Gzip ? "Unpack the file with gunzip" : "Convert the file, or correct its name");
}

/// Replaces the arrays of `plain` if it is a file, and adds the files of single outputs.
void add_files(Dataset& data, std::vector<NamedArray> Dataset::*group, const std::string& plain,
               const std::vector<PortSource>& sources, const DataSpec& spec) {
  std::vector<NamedArray>& arrays = data.*group;
  const ArrayFileOptions options = column_options(spec);
  const auto add = [&](const std::string& port, const std::string& file) {
    std::optional<Array> labels;
    if (group == &Dataset::targets) labels = read_text_target(file, spec, data);
    if (!labels) return add_file(data, arrays, port, file, options);
    arrays.push_back({port, std::move(*labels)});
    name_file(arrays.back(), data, file);
  };
  if (names_file(plain)) {
    arrays.clear();
    add("", plain);
  }
  for (const PortSource& source : sources)
    if (names_file(source.source)) add(source.port, source.source);
}

/// Inputs in separate files, in addition to those of a table or an archive.
void add_input_files(Dataset& data, const DataSpec& spec) {
  for (const PortSource& input : spec.inputs)
    if (names_file(input.source))
      add_file(data, data.inputs, input.port, input.source, input_options(spec, input.port));
}

}  // namespace

LoadedData load_data(const DataSpec& spec) {
  check_data_spec(spec);
  LoadedData loaded = read_file_of(spec);
  Dataset& train = loaded.train;
  if (!spec.file.empty()) add_input_files(train, spec);
  add_files(train, &Dataset::targets, spec.target, spec.targets, spec);
  add_files(train, &Dataset::sample_weights, spec.sample_weight, spec.sample_weights, spec);
  train.sources = data_files(spec);
  train.check();
  if (loaded.validation) loaded.validation->check();
  return loaded;
}

}  // namespace kairos::host
