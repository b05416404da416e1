// SPDX-License-Identifier: MIT
// CSV files as data sets.
#pragma once

#include <cstddef>

#include "kairos/host/data.hpp"

namespace kairos::host {

/// Reads `spec.file`. The columns of `spec.target` and `spec.sample_weight` are excluded from the inputs; if
/// these are empty or name separate files (`names_file`), all columns are inputs. Uses `threads` threads; 0:
/// as many as useful. Results and errors do not depend on the number of threads.
[[nodiscard]] Dataset read_csv(const DataSpec& spec, std::size_t threads = 0);

}  // namespace kairos::host
