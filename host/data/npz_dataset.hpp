// SPDX-License-Identifier: MIT
// NPZ archives as data sets.
#pragma once

#include "kairos/host/data.hpp"

namespace kairos::host {

/// Finds the arrays by name (see `load_data`) and reads only these. Others are left out, which Dataset::notes
/// reports; a name that nearly equals an expected one is rejected, because it is more likely a typing error.
/// A target or weight in a separate file is left to the caller.
[[nodiscard]] LoadedData read_npz_dataset(const DataSpec& spec);

}  // namespace kairos::host
