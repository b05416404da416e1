// SPDX-License-Identifier: MIT
// --resume: whether a fit begins, goes on, or is finished already.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/run_directory.hpp"
#include "cli/settings.hpp"
#include "kairos/host/checkpoint.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::host::cli {

/// The run checkpoints of a fit with a run directory.
class Resumption {
 public:
  /// With --resume, locks the directory and loads the checkpoint to go on from. Throws Error(Usage) for a
  /// setting that differs from those of the run, and for an --initial-epoch that is not that of the run whose
  /// files are used; Error(File) for checkpoints that cannot be read. Secrets must be hidden in `settings`.
  Resumption(const Settings& settings, RunDirectory& directory, const FitOptions& options);

  /// Adds the sink and what to go on from to the options; they borrow from here.
  void apply(FitOptions& options) const;
  [[nodiscard]] bool goes_on() const noexcept { return found_ && !is_finished_; }
  /// Whether the checkpoint has the states of the callbacks, so that no other file of them is needed.
  [[nodiscard]] bool has_states() const noexcept {
    return goes_on() && !found_->resumption.checkpoint.training.empty();
  }
  /// The index of the epoch that it goes on with.
  [[nodiscard]] std::int64_t next_epoch() const noexcept {
    return found_->resumption.checkpoint.position.epoch;
  }
  /// Whether there is nothing left to do, and a line that says so.
  [[nodiscard]] bool is_finished() const noexcept { return is_finished_; }
  [[nodiscard]] std::string report(const Settings& settings) const;

  /// When the run begins: what an earlier run in the directory has left goes, unless the run goes on.
  void begin();
  /// When all results are written. Throws Error(File).
  void finish();
  /// Whether --resume has something to go on from.
  [[nodiscard]] bool can_resume() const { return checkpoints_ && checkpoints_->any(); }

 private:
  void load(const Settings& settings, const RunDirectory& directory, const FitOptions& options);

  std::unique_ptr<RunCheckpoints> checkpoints_;  ///< null without a run directory
  std::optional<RunCheckpoints::Found> found_;
  std::string states_;  ///< of the callbacks of an earlier run that --initial-epoch continues
  bool is_on_ = true;   ///< --checkpoint-every
  bool is_finished_ = false;
};

}  // namespace kairos::host::cli
