// SPDX-License-Identifier: MIT
// Checks of a fit before its first batch.
#pragma once

#include "cli/settings.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// Checks every file that will be written at the end.
void check_outputs(const Settings& settings, const Model& model);

}  // namespace kairos::host::cli
