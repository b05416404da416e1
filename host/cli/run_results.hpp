// SPDX-License-Identifier: MIT
// What a fit leaves behind, however it ends.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "cli/settings.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::host::cli {

/// What a fit was told to leave behind, and where.
struct FitOutputs {
  const Settings& settings;
  const FitOptions& options;
  Model& model;
  std::function<void()> write_records;  ///< what the run directory holds from the start
  /// Where relative paths begin: a hook may have changed the directory, and a thread may do so at any time.
  std::filesystem::path start = std::filesystem::current_path();
};

/// Writes all that was asked for; what fails keeps nothing else from being written, and is thrown at the end.
void write_outputs(const FitOutputs& outputs, const History& history);

/// For a run that does not end by itself: writes the same, if anything was trained. Returns "Saved: …" or
/// why nothing was, and how the run goes on. Throws as write_outputs.
std::string rescue_outputs(const FitOutputs& outputs, FitProgress& progress);

/// Tells how far an interrupted run came, what it saved, and how it goes on.
void tell_interrupt(const Settings& settings, const FitOptions& options, const FitProgress& progress);

/// What is lost if the run ends now, without write_outputs.
std::string losses_of_quitting(const Settings& settings);

}  // namespace kairos::host::cli
