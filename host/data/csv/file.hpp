// SPDX-License-Identifier: MIT
// A CSV file of which any rows can be read, in bounded memory and on any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/input_file.hpp"
#include "data/csv/index.hpp"
#include "data/csv/rows.hpp"
#include "data/csv/table.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

class CsvFile {
 public:
  /// Reads the header and counts the rows. `threads` as in `index_csv`; 0: as many as useful. Throws
  /// Error(Data) for errors before the first row, or if there are no rows; Error(File).
  explicit CsvFile(const DataSpec& spec, std::size_t threads = 0);

  [[nodiscard]] const CsvTable& table() const noexcept { return table_; }
  [[nodiscard]] std::int64_t rows() const noexcept { return index_.rows; }
  /// Bytes of the rows in the file.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return index_.end - table_.rows_begin; }
  /// The first row not before `row` that can be read without parsing the rows before it.
  [[nodiscard]] std::int64_t cheap_row(std::int64_t row) const;

  /// Buffer for a part of the file, owned by the reader, so that not every part needs an allocation.
  using Text = std::vector<char>;

  /// Reads `count` rows, starting at row `first`, in pieces of about 256 kilobytes. Throws Error(Data) with
  /// line and column.
  void read(std::int64_t first, std::int64_t count, CsvDestination to, Text& text) const;

  /// Throws Error(File) if the file was modified since it was opened.
  void check_unchanged() const { file_.check_unchanged(); }

 private:
  InputFile file_;
  CsvTable table_;
  CsvIndex index_;
  CsvRows parser_;
};

/// The arrays of a data set for this use; not for ColumnUse::None.
[[nodiscard]] std::vector<NamedArray>& csv_group(Dataset& data, ColumnUse use);

/// NamedArray::columns of a sink: empty except for inputs.
[[nodiscard]] std::vector<std::string> csv_names(const CsvTable& table, std::size_t sink);

/// The shape of a sink: [rows, width] for inputs; [rows] for targets and weights of one column.
[[nodiscard]] std::vector<std::int64_t> csv_shape(const CsvSink& sink, std::int64_t rows);

}  // namespace kairos::host
