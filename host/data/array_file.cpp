// SPDX-License-Identifier: MIT
// The ending selects the reader.
#include "data/array_file.hpp"

#include <utility>

#include "data/csv/dataset.hpp"
#include "data/known_columns.hpp"
#include "io/file_kind.hpp"
#include "io/hdf5/isolated.hpp"
#include "io/idx.hpp"
#include "io/npy.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

ArrayFile read_table(const std::string& file, const ArrayFileOptions& options) {
  Dataset data = read_csv(table_spec(file, options));
  NamedArray& input = data.inputs.front();
  require_width(file, options, input.array.row_size());
  if (options.width == CsvWidth::OneColumn) input.array.shape = {input.array.rows()};
  return {std::move(input.array), std::move(input.columns), std::move(data.notes)};
}

ArrayFile read_any(const std::string& file, const ArrayFileOptions& options) {
  if (const auto location = hdf5_location(file))
    return {read_hdf5_data_isolated(location->file, location->dataset), {}, {}};
  const FileKind kind = kind_of(file);
  if (kind == FileKind::Idx) return {read_idx(file), {}, {}};
  if (kind == FileKind::Npy) return {read_npy(file), {}, {}};
  return read_table(file, options);
}

}  // namespace

bool names_file(const std::string& text) {
  const FileKind kind = kind_of(text);
  return kind == FileKind::Npy || kind == FileKind::Csv || kind == FileKind::Idx || hdf5_location(text);
}

std::string array_file_kinds() {
  return "a file of one array (" +
         endings({FileKind::Npy, FileKind::Csv, FileKind::Idx, FileKind::Hdf5Array}) + ")";
}

ArrayFileOptions input_options(const DataSpec& spec, const std::string& port) {
  ArrayFileOptions options{CsvWidth::Table, spec.encoding, {}};
  if (const InputColumns* known = known_columns_of(port, spec)) options.columns = {*known};
  return options;
}

ArrayFileOptions column_options(const DataSpec& spec) {
  return {CsvWidth::OneColumn, spec.encoding, {}};
}

DataSpec table_spec(const std::string& file, const ArrayFileOptions& options) {
  DataSpec spec;
  spec.file = file;
  spec.target_use = TargetUse::Optional;
  spec.encoding = options.encoding;
  spec.input_columns = options.columns;
  return spec;
}

void require_width(const std::string& file, const ArrayFileOptions& options, std::int64_t columns) {
  if (options.width == CsvWidth::OneColumn && columns != 1)
    throw Error(ErrorKind::Data, {"KAIROS-D041", file, "the file has more than one column",
                                  std::to_string(columns), "1", "Give a file with one column"});
}

void name_file(NamedArray& array, const Dataset& data, const std::string& file) {
  if (file == data.origin) return;
  array.origin = file;
  array.row_offset = -data.first_row;
}

ArrayFile read_array_file(const std::string& file, const ArrayFileOptions& options) {
  ArrayFile read = read_any(file, options);
  Dataset alone;
  alone.origin = file;
  alone.inputs.push_back({"", std::move(read.array)});
  alone.check();
  read.array = std::move(alone.inputs.front().array);
  return read;
}

}  // namespace kairos::host
