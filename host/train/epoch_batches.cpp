// SPDX-License-Identifier: MIT
// With `steps_per_epoch`, an epoch ends where the data end, and the next one begins a new pass.
#include "train/epoch_batches.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace kairos::host {

EpochBatches::EpochBatches(BatchSource& source, const FitOptions& options)
    : source_(source), options_(options) {
  const std::int64_t steps = options.steps_per_epoch, epochs = options.initial_epoch;
  if (steps == 0 || epochs == 0) return;
  const std::int64_t epochs_per_pass = (source.count() + steps - 1) / steps;
  const std::int64_t into_pass = epochs % epochs_per_pass;
  pass_ = epochs / epochs_per_pass - 1;
  next_ = source.count();
  if (into_pass == 0) return;
  begin_pass(pass_ + 1);
  next_ = into_pass * steps;
}

std::int64_t EpochBatches::resume(const FitPosition& position) {
  if (position.pass < 0) return 0;  // before the first one
  pass_ = position.pass;
  next_ = position.next;
  const std::int64_t began = position.next - position.batch;
  if (position.in_epoch || (options_.steps_per_epoch > 0 && next_ < source_.count())) {
    begin_pass(position.pass);
    next_ = position.next;
  }
  const std::int64_t left = source_.count() - began;
  return options_.steps_per_epoch > 0 ? std::min(options_.steps_per_epoch, left) : left;
}

std::int64_t EpochBatches::begin(std::int64_t epoch) {
  if (options_.steps_per_epoch == 0) {
    begin_pass(epoch);
    return source_.count();
  }
  if (pass_ < 0 || next_ >= source_.count()) begin_pass(pass_ + 1);
  const std::int64_t left = source_.count() - next_;
  if (left < options_.steps_per_epoch) warn_short_epoch(epoch, left);
  return std::min(options_.steps_per_epoch, left);
}

void EpochBatches::begin_pass(std::int64_t pass) {
  next_ = 0;
  pass_ = pass;
  source_.reorder(options_.shuffle, options_.seed, pass);
}

void EpochBatches::warn_short_epoch(std::int64_t epoch, std::int64_t left) {
  if (!options_.messages || std::exchange(warned_, true)) return;
  options_.messages(Level::Warning, "",
                    "epoch " + std::to_string(epoch + 1) + " has " + std::to_string(left) + " of " +
                        std::to_string(options_.steps_per_epoch) +
                        " steps: the data are exhausted; the next epoch starts over");
}

}  // namespace kairos::host
