// SPDX-License-Identifier: MIT
// The results of a fit, written however the fit ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "cli/settings.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::host::cli {

/// The results that a fit writes, and where.
struct FitOutputs {
  /// What has been written already.
  struct Written {
    std::map<std::string, std::optional<std::uint64_t>> models;  ///< FitProgress::target_version, by setting
    std::map<std::filesystem::path, std::size_t> epochs;         ///< of each history
    std::string state;                                           ///< of callbacks
  };

  const Settings& settings;
  const FitOptions& options;
  Model& model;
  std::function<void()> write_records;  ///< the files that the run directory holds from the start
  std::function<bool()> can_resume;     ///< whether there is a run checkpoint
  /// Base of relative paths: hooks and threads may change the current directory.
  std::filesystem::path start = std::filesystem::current_path();
  Written written = {};
};

/// Writes all results that have changed since they were written, but none of a run that was interrupted
/// before its first batch. If one fails, the others are still written, and the first error is thrown at the
/// end; the next call tries again.
void write_outputs(FitOutputs& outputs, const FitProgress& progress);

/// For a run that a failure ended: writes the same results if any batch was trained. Returns "Saved: …" or
/// why nothing was saved, and how to continue the run. Throws like write_outputs.
std::string rescue_outputs(FitOutputs& outputs, FitProgress& progress);

/// The last line of a run that was not interrupted: the best epoch, what was saved, and what to do with it.
/// "" if nothing was trained.
[[nodiscard]] std::string closing_line(const Settings& settings, const FitOptions& options,
                                       const History& history);

/// Reports how far an interrupted run came, what it saved, and how to continue it.
void tell_interrupt(const FitOutputs& outputs, const FitProgress& progress);

/// The results that are lost if the process ends without write_outputs.
std::string losses_of_quitting(const Settings& settings);

}  // namespace kairos::host::cli
