// SPDX-License-Identifier: MIT
// CSV files as data sets.
#pragma once

#include <cstddef>

#include "kairos/host/data.hpp"

namespace kairos::host {

/// Reads `spec.file`. Columns for `spec.target` and `spec.sample_weight` are taken out of the inputs; where
/// these are empty, or name files of their own (`names_file`), all columns are inputs. Uses `threads`
/// threads; 0: as many as are worth it. What is read, or said to be wrong, does not depend on them.
[[nodiscard]] Dataset read_csv(const DataSpec& spec, std::size_t threads = 0);

}  // namespace kairos::host
