// SPDX-License-Identifier: MIT
// Where the run is, and the events that say so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kairos/abi.h"
#include "kairos/host/callbacks.hpp"

namespace kairos::host {

/// Facts that events repeat. The texts in an event are borrowed from here: they are valid until the next
/// call.
struct RunFacts {
  explicit RunFacts(const TrainingTarget& trained, const std::filesystem::path& run_directory);

  /// `resumed` is a matter of each instance.
  [[nodiscard]] kairos_run_event run_event() const;
  [[nodiscard]] kairos_epoch_event epoch_event(bool partial) const;
  [[nodiscard]] kairos_test_event test_event() const;
  [[nodiscard]] kairos_end_event end_event(RunEnd why) const;
  /// Sets `batch` for the batch that begins.
  void begin_batch(std::int64_t index, std::int64_t samples) {
    batch = {sizeof batch, 0, epoch, index, batches, target.iterations(), samples};
  }

  const TrainingTarget& target;
  std::string directory;  ///< of the run, absolute; "" if it has none
  RunInfo run;
  std::int32_t rank = 0, world = 1;  ///< of this process
  bool resumed = false;
  bool training = false;
  std::int64_t epoch = -1;  ///< -1 outside of an epoch
  double used_rate = 0;     ///< that on_epoch_end tells: NaN if there is none
  std::int64_t epochs_run = 0;
  std::int64_t batches = -1;  ///< of the current pass; -1 if unknown
  kairos_batch_event batch{};
  std::int64_t training_batch = 0;  ///< number of the current or last one since the model was made
  std::int64_t steps_before = 0;    ///< before the batch makes its own
  std::optional<StopRequest> stop;
  std::string end_reason;  ///< of a fault or an interruption
};

}  // namespace kairos::host
