// SPDX-License-Identifier: MIT
// Reads all rows of a CSV on several threads, and joins them in order.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "data/csv/file.hpp"
#include "data/labels.hpp"

namespace kairos::host {

/// The content of the rows, for each of `CsvColumns::sinks`.
struct CsvValues {
  std::vector<std::vector<float>> of;
  Labels labels;                          ///< instead of the numbers of `label_sink`
  std::optional<std::size_t> label_sink;  ///< the sink of a string column
};

/// Throws the error of CsvFile::read for the first failing row in the order of the file.
[[nodiscard]] CsvValues read_all_rows(const CsvFile& file, std::size_t threads);

}  // namespace kairos::host
