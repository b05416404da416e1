// SPDX-License-Identifier: MIT
// All rows of a CSV, read by several threads and put together in order.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "data/csv/file.hpp"
#include "data/labels.hpp"

namespace kairos::host {

/// What the rows hold, for each of `CsvColumns::sinks`.
struct CsvValues {
  std::vector<std::vector<float>> of;
  Labels labels;                          ///< in place of the numbers of `label_sink`
  std::optional<std::size_t> label_sink;  ///< of a column of words
};

/// Throws what CsvFile::read throws for the first row, in the order of the file, that is at fault.
[[nodiscard]] CsvValues read_all_rows(const CsvFile& file, std::size_t threads);

}  // namespace kairos::host
