// SPDX-License-Identifier: MIT
// What callbacks may ask of a training loop about run checkpoints (kairos.run/1).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace kairos::host {

/// Where a training stands. The number of steps is TrainingTarget::iterations.
struct RunPosition {
  std::int64_t epoch = 0, batch = 0;  ///< to be trained next
  std::int64_t pass = -1;             ///< over the data; -1 before the first
};

/// Implemented by a training loop that can save all of itself and go on from it; see CallbacksOptions::run.
/// Calls come from hooks, on the thread that trains. Directories are absolute.
///
/// After the hooks of a batch, of an epoch and of the end of the training, the loop takes the checkpoints
/// that were asked for in them. It may write them while it trains. For each it calls
/// Callbacks::run_saved or run_not_saved, and waits for the last one before Callbacks::finish.
class RunControl {
 public:
  virtual ~RunControl() = default;

  /// Empty before and after the training.
  [[nodiscard]] virtual std::optional<RunPosition> position() const = 0;

  /// A checkpoint is wanted in the directory after all hooks of this event, and the newest `keep` (1 or 2)
  /// are kept; perhaps more than once in an event. Throws Error(File) if the directory cannot be created or
  /// written to.
  virtual void want(const std::filesystem::path& directory, std::uint32_t keep) = 0;

  /// Whether the caller of the loop has named what the run goes on from, so that callbacks have no say.
  [[nodiscard]] virtual bool goes_on_elsewhere() const = 0;

  /// In setup: reads the newest checkpoint in the directory, from which the run goes on when all callbacks
  /// are set up. Its epoch; empty if there is none. Throws Error(File).
  [[nodiscard]] virtual std::optional<std::int64_t> resume_from(const std::filesystem::path& directory) = 0;
};

}  // namespace kairos::host
