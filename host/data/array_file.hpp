// SPDX-License-Identifier: MIT
// Files with a single array: one input, or the targets or weights of one output.
#pragma once

#include <string>
#include <vector>

#include "kairos/host/array.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/dataset.hpp"

namespace kairos::host {

/// Whether a text is the name of such a file (.npy, .csv, IDX, file.h5:/path) and not of a column or of an
/// array in an archive.
[[nodiscard]] bool names_file(const std::string& text);

/// What messages call such files.
[[nodiscard]] std::string array_file_kinds();

/// What a .csv file may hold.
enum class CsvWidth { OneColumn, Table };

/// How such a file is read if it is a table.
struct ArrayFileOptions {
  CsvWidth width = CsvWidth::Table;
  TextEncoding encoding = TextEncoding::Utf8;
  std::vector<InputColumns> columns;  ///< names of the columns of the input, if known
};

/// For the file of the input called `port` ("" for the only one), or of targets or weights.
[[nodiscard]] ArrayFileOptions input_options(const DataSpec& spec, const std::string& port);
[[nodiscard]] ArrayFileOptions column_options(const DataSpec& spec);

/// The specification that a table is read with. `require_width` throws Error(Data) unless it has one column
/// if the options require it.
[[nodiscard]] DataSpec table_spec(const std::string& file, const ArrayFileOptions& options);
void require_width(const std::string& file, const ArrayFileOptions& options, std::int64_t columns);

struct ArrayFile {
  Array array;
  std::vector<std::string> columns;  ///< NamedArray::columns
  std::vector<std::string> notes;    ///< Dataset::notes
};

/// Notes in `array` which file messages are to name, unless it is that of the data set.
void name_file(NamedArray& array, const Dataset& data, const std::string& file);

/// Reads and checks a file for which `names_file` is true; messages use its name. Throws Error(Data), or
/// Error(File) if it cannot be read.
[[nodiscard]] ArrayFile read_array_file(const std::string& file, const ArrayFileOptions& options);

}  // namespace kairos::host
