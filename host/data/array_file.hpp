// SPDX-License-Identifier: MIT
// Files that hold one array: what feeds one input, or the targets or weights of one output.
#pragma once

#include <string>
#include <vector>

#include "kairos/host/array.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

/// Whether a text names such a file (.npy, .csv, IDX, file.h5:/path) rather than a column or an array of an
/// archive.
[[nodiscard]] bool names_file(const std::string& text);

/// What a .csv file may hold.
enum class CsvWidth { OneColumn, Table };

/// How such a file is read where it is a table.
struct ArrayFileOptions {
  CsvWidth width = CsvWidth::Table;
  TextEncoding encoding = TextEncoding::Utf8;
  std::vector<InputColumns> columns;  ///< names of the input that it is, if they are known
};

/// For the file of the input called `port` ("" where there is only one), or of targets or weights.
[[nodiscard]] ArrayFileOptions input_options(const DataSpec& spec, const std::string& port);
[[nodiscard]] ArrayFileOptions column_options(const DataSpec& spec);

/// What a table is read as. Throws Error(Data) unless it has one column where the options say so.
[[nodiscard]] DataSpec table_spec(const std::string& file, const ArrayFileOptions& options);
void require_width(const std::string& file, const ArrayFileOptions& options, std::int64_t columns);

struct ArrayFile {
  Array array;
  std::vector<std::string> columns;  ///< NamedArray::columns
  std::vector<std::string> notes;    ///< Dataset::notes
};

/// Reads and checks a file that `names_file` knows, under its own name, so that a message names the right
/// one. Throws Error(Data), or Error(File) if it cannot be read.
[[nodiscard]] ArrayFile read_array_file(const std::string& file, const ArrayFileOptions& options);

}  // namespace kairos::host
