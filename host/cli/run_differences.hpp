// SPDX-License-Identifier: MIT
// In what runs differ: settings, program, machine, and the content of plugins and data.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/run_summary.hpp"

namespace kairos::host::cli {

/// A name with the value of each run; null where it has none.
using Differences = std::vector<std::pair<std::string, std::vector<nlohmann::ordered_json>>>;

/// Only what differs: settings first, in the order of the first run.
[[nodiscard]] Differences differences_of(std::span<const RunSummary> runs);

/// A value as a field of a table: text as it is, other values as JSON, null as "". Unless it is wanted in
/// full, a long one is shortened.
[[nodiscard]] std::string difference_text(const nlohmann::ordered_json& value, bool in_full);

}  // namespace kairos::host::cli
