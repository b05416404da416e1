// SPDX-License-Identifier: MIT
// Which files the settings of a command name.
#pragma once

#include "cli/data_settings.hpp"
#include "cli/run_directory.hpp"
#include "cli/settings.hpp"
#include "kairos/host/run_files.hpp"

namespace kairos::host::cli {

/// What fit, evaluate or predict reads, each file under the flag that names it.
[[nodiscard]] RunFiles files_read(const Settings& settings, Purpose purpose);

/// The configuration under `record` in the run directory; nothing without one.
void add_record(RunFiles& files, const Settings& settings, const RunDirectory& directory, const char* record);

/// What a fit leaves. `labels`: whether its classes have names.
enum class Labels { Numbers, Names };
void add_results_of_fit(RunFiles& files, const Settings& settings, const RunDirectory& directory,
                        Labels labels);

}  // namespace kairos::host::cli
