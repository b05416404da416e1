// SPDX-License-Identifier: MIT
// The input of `kairos replay`: files of cases, and the logs of earlier runs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/replay.hpp"

namespace kairos::host::cli {

/// A run to replay, or the error in its plugins.
struct ReplayCase {
  ReplayRun run;
  std::string error;
};

/// {"cases": [{"lr", "logs": [{key: value}], "batch_logs": [[{key: value}]], "callbacks": [{"class",
/// "config"}]}]}, in Python's dialect of JSON. null is a value that is not available; "expect" is ignored.
/// Throws Error(Usage) for any other key of a case, and for values of other types.
[[nodiscard]] std::vector<ReplayCase> read_cases(const std::filesystem::path& file, double default_rate);

/// Reads a History as JSON, or a CSV with one column per key and, optionally, the index of the epoch in
/// "epoch". An empty field and NA are values that are not available. Does not set learning rate and plugins.
/// Throws Error(File).
[[nodiscard]] ReplayRun read_logs(const std::filesystem::path& file);

}  // namespace kairos::host::cli
