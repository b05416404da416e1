// SPDX-License-Identifier: MIT
// Checks the names in a DataSpec, independent of the content of the files.
#pragma once

#include "kairos/host/data.hpp"

namespace kairos::host {

/// Throws Error(Data) for a port that the model does not have or that is named twice, and for arrays without
/// a source.
void check_data_spec(const DataSpec& spec);

}  // namespace kairos::host
