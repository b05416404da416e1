// SPDX-License-Identifier: MIT
// NPZ archives as data sets.
#pragma once

#include "kairos/host/data.hpp"

namespace kairos::host {

/// Takes the arrays by name (see `load_data`); one whose name means nothing is refused, because it is more
/// likely misspelt than meant to be ignored. A target or weight that is a file of its own is left to the
/// caller.
[[nodiscard]] LoadedData read_npz_dataset(const DataSpec& spec);

}  // namespace kairos::host
