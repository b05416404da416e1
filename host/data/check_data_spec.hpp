// SPDX-License-Identifier: MIT
// What is wrong with the names in a DataSpec, whatever the files hold.
#pragma once

#include "kairos/host/data.hpp"

namespace kairos::host {

/// Throws Error(Data) for a port that the model has not, or that is named twice, and for arrays that come
/// from nowhere.
void check_data_spec(const DataSpec& spec);

}  // namespace kairos::host
