// SPDX-License-Identifier: MIT
// CSV files as data sets.
#pragma once

#include "kairos/host/data.hpp"

namespace kairos::host {

/// Reads `spec.file`. Columns for `spec.target` and `spec.sample_weight` are taken out of the inputs; where
/// these are empty, or name files of their own (`names_file`), all columns are inputs.
[[nodiscard]] Dataset read_csv(const DataSpec& spec);

/// A CSV of one column of numbers, with or without a header, as [n].
[[nodiscard]] Array read_csv_column(const std::filesystem::path& path);

}  // namespace kairos::host
