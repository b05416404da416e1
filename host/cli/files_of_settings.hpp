// SPDX-License-Identifier: MIT
// The files that the settings of a command name, for the checks that no result replaces one of them.
#pragma once

#include "cli/load_data.hpp"
#include "cli/run_directory.hpp"
#include "cli/settings.hpp"
#include "kairos/host/run_files.hpp"

namespace kairos::host::cli {

/// The files that fit, evaluate or predict reads, each under the flag that names it.
[[nodiscard]] RunFiles files_read(const Settings& settings, Purpose purpose);

/// Adds the configuration, written under `record` in the run directory; nothing without a run directory.
void add_record(RunFiles& files, const Settings& settings, const RunDirectory& directory, const char* record);

/// Adds the files that a fit writes. `labels`: whether its classes have names.
enum class Labels { Numbers, Names };
void add_results_of_fit(RunFiles& files, const Settings& settings, const RunDirectory& directory,
                        Labels labels);

}  // namespace kairos::host::cli
