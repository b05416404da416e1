// SPDX-License-Identifier: MIT
// What `kairos replay` reads: files of cases, and the logs of earlier runs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/replay.hpp"

namespace kairos::host::cli {

/// A run to replay, or why its plugins cannot be read.
struct ReplayCase {
  ReplayRun run;
  std::string error;
};

/// {"cases": [{"lr", "logs": [{key: value}], "batch_logs": [[{key: value}]], "callbacks": [{"class",
/// "config"}]}]}, in Python's dialect of JSON. null is a value that is not due; "expect" is ignored, any
/// other key of a case is an Error(Usage), as is every value of another shape.
[[nodiscard]] std::vector<ReplayCase> read_cases(const std::filesystem::path& file, double default_rate);

/// A History as JSON, or a CSV with a key for each column and, if there, the index of the epoch in "epoch".
/// Nothing and NA are values that are not due. Learning rate and plugins are left as they are. Throws
/// Error(File).
[[nodiscard]] ReplayRun read_logs(const std::filesystem::path& file);

}  // namespace kairos::host::cli
