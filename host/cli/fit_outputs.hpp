// SPDX-License-Identifier: MIT
// The results of a fit, written however the fit ends.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "cli/settings.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::host::cli {

/// The results that a fit writes, and where.
struct FitOutputs {
  const Settings& settings;
  const FitOptions& options;
  Model& model;
  std::function<void()> write_records;  ///< the files that the run directory holds from the start
  std::function<bool()> can_resume;     ///< whether there is a run checkpoint
  /// Base of relative paths: hooks and threads may change the current directory.
  std::filesystem::path start = std::filesystem::current_path();
};

/// Writes all results. If one fails, the others are still written, and the first error is thrown at the end.
void write_outputs(const FitOutputs& outputs, const History& history);

/// For a run that a failure ended: writes the same results if any batch was trained. Returns "Saved: …" or
/// why nothing was saved, and how to continue the run. Throws like write_outputs.
std::string rescue_outputs(const FitOutputs& outputs, FitProgress& progress);

/// The last line of a run that was not interrupted: the best epoch, what was saved, and what to do with it.
/// "" if nothing was trained.
[[nodiscard]] std::string closing_line(const Settings& settings, const FitOptions& options,
                                       const History& history);

/// Reports how far an interrupted run came, what it saved, and how to continue it.
void tell_interrupt(const FitOutputs& outputs, const FitProgress& progress);

/// The results that are lost if the process ends without write_outputs.
std::string losses_of_quitting(const Settings& settings);

}  // namespace kairos::host::cli
