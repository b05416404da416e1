// SPDX-License-Identifier: MIT
// Finds where the records of a CSV begin, without parsing their fields.
#pragma once

#include <cstdint>
#include <vector>

#include "base/input_file.hpp"
#include "data/csv/table.hpp"

namespace kairos::host {

/// The beginning of a record.
struct CsvMark {
  std::uint64_t offset;  ///< in the file
  std::int64_t row;      ///< from 0
  std::int64_t line;     ///< from 1
};

/// How the records of a file are delimited.
enum class CsvEnds {
  Plain,  ///< every line feed ends a record
  Mixed,  ///< there are quotes, which may contain line feeds, or carriage returns without line feeds
};

/// Marks for about every 64th record: a few bytes per 64 rows, whatever the size of the file.
struct CsvIndex {
  std::int64_t rows = 0;  ///< without blank lines at the end
  std::uint64_t end = 0;  ///< of the last record
  CsvEnds ends = CsvEnds::Plain;
  std::vector<CsvMark> marks;  ///< in order, the first one for row 0; empty if there are no rows
};

/// Reads the file once, in pieces, on `threads` threads (on one if the records are Mixed). Throws
/// Error(File), or Error(Data) if the file becomes shorter meanwhile.
[[nodiscard]] CsvIndex index_csv(const InputFile& file, const CsvTable& table, std::size_t threads);

}  // namespace kairos::host
