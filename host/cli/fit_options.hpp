// SPDX-License-Identifier: MIT
// The arguments of `fit` that are numbers and choices.
#pragma once

#include "cli/settings.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::host::cli {

/// The options that the settings of `kairos fit` give by themselves, without data, files and plugins. Throws
/// Error(Usage).
[[nodiscard]] FitOptions fit_options(const Settings& settings);

}  // namespace kairos::host::cli
