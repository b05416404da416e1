// SPDX-License-Identifier: MIT
// The short runs that every callback must survive.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/child_run.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

/// What a run must be for the callback to be right.
enum class Must {
  Complete,   ///< exit code 0
  BeStopped,  ///< exit code 0, or the reason of an error of the configuration
  Survive,    ///< the same, or any failure with a reason: it is not the callback's fault
  BeFailed,   ///< the error is that of the troublemaker, or exit code 0 if it did not come so far
  BeEnded     ///< exit code 128 + SIGTERM, or 0 if another callback has ended it before
};

struct CheckCase {
  std::string name;
  ChildRun run;
  Must must = Must::Survive;
  /// Two files that must be equal afterwards; empty for none.
  std::filesystem::path file = {}, expected = {};
};

/// Where the runs of a callback are, and what they train.
struct CheckPlace {
  std::filesystem::path directory;  ///< empty, absolute
  std::filesystem::path data;       ///< .npz
  std::filesystem::path logs;       ///< .csv
  std::filesystem::path troublemaker;
  std::string model;
  std::string optimizer;
};

/// The cases of a callback with these options, in order; the first is the one that all others need.
[[nodiscard]] std::vector<CheckCase> check_cases(const CallbackManifest& callback, const PluginSpec& spec,
                                                 const CheckPlace& place);

/// Why the result of a case is a fault of the callback; "" if it is none.
[[nodiscard]] std::string fault_of(const CheckCase& one, const ChildResult& result);

}  // namespace kairos::host::cli
