// SPDX-License-Identifier: MIT
// Which batches an epoch trains on.
#pragma once

#include <cstdint>

#include "kairos/host/checkpoint.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/batches.hpp"
#include "train/lent_batch.hpp"

namespace kairos::host {

/// The training batches of each epoch: one pass over the data or, with `steps_per_epoch`, the next part of a
/// pass. Borrows its arguments.
class EpochBatches {
 public:
  /// At the position in the data where a run has arrived before epoch `initial_epoch`, so that a continued
  /// run trains on the same batches as an uninterrupted one.
  EpochBatches(BatchSource& source, const FitOptions& options);

  /// Goes on inside or between epochs; returns the number of batches of the epoch that goes on.
  std::int64_t resume(const FitPosition& position);
  /// Fills in the place in the data.
  void tell(FitPosition& position) const noexcept {
    position.pass = pass_;
    position.next = next_;
  }

  /// Begins an epoch and returns its number of batches. Warns once if the data end before `steps_per_epoch`.
  std::int64_t begin(std::int64_t epoch);
  /// Samples in the next batch.
  [[nodiscard]] std::int64_t next_size() const noexcept { return source_.size(next_); }
  /// Lends the next batch, which is read when it is needed.
  void next(LentBatch& lent) { lent.begin(source_, next_++); }

 private:
  void begin_pass(std::int64_t pass);
  void warn_short_epoch(std::int64_t epoch, std::int64_t left);

  BatchSource& source_;
  const FitOptions& options_;
  std::int64_t next_ = 0;
  std::int64_t pass_ = -1;  ///< over the data; -1 before the first
  bool warned_ = false;
};

}  // namespace kairos::host
