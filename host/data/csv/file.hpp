// SPDX-License-Identifier: MIT
// A CSV of which any rows can be read, in bounded memory and on any thread.
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
  /// Reads the header and counts the rows. `threads` as in `index_csv`; 0: as many as are worth it. Throws
  /// Error(Data) for what is wrong before the first row, or with no rows at all; Error(File).
  explicit CsvFile(const DataSpec& spec, std::size_t threads = 0);

  [[nodiscard]] const CsvTable& table() const noexcept { return table_; }
  [[nodiscard]] std::int64_t rows() const noexcept { return index_.rows; }
  /// Bytes that the rows take in the file.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return index_.end - table_.rows_begin; }
  /// The first row not before `row` that can be read without looking at the rows in front of it.
  [[nodiscard]] std::int64_t cheap_row(std::int64_t row) const;

  /// Text of a part of the file; kept by who reads, so that nothing is allocated for each part.
  using Text = std::vector<char>;

  /// Reads `count` rows from row `first` on, in pieces of some 256 kilobytes. Throws Error(Data) with line
  /// and column.
  void read(std::int64_t first, std::int64_t count, CsvDestination to, Text& text) const;

  /// Throws Error(File) if somebody has written to the file since it was opened.
  void check_unchanged() const { file_.check_unchanged(); }

 private:
  InputFile file_;
  CsvTable table_;
  CsvIndex index_;
  CsvRows parser_;
};

/// The arrays of a data set that are used so; not for ColumnUse::None.
[[nodiscard]] std::vector<NamedArray>& csv_group(Dataset& data, ColumnUse use);

/// NamedArray::columns of a sink: empty but for inputs.
[[nodiscard]] std::vector<std::string> csv_names(const CsvTable& table, std::size_t sink);

/// What a sink becomes: [rows, width] of inputs; targets and weights of one column are [rows].
[[nodiscard]] std::vector<std::int64_t> csv_shape(const CsvSink& sink, std::int64_t rows);

}  // namespace kairos::host
