// SPDX-License-Identifier: MIT
// Measures how fast a run trains.
#include <kairos/plugin.hpp>

#include <chrono>
#include <cstdint>

namespace kairos::plugins {

/// Measures training alone: from the begin of a batch to the begin of the next one, so with the time that the
/// data take, but without validation and the end of the epoch.
struct Throughput : Callback<Throughput> {
  static constexpr auto id = "kairos.Throughput";
  static constexpr auto summary = "Adds samples per second and the time of each epoch to the logs.";
  static constexpr auto phase = Phase::Measure;
  static constexpr auto publishes = "samples_per_second:max,batch_seconds:min,epoch_seconds:min";

  Option<int> skip{this, "skip", 1, "batches at the start of the process that are not counted",
                   kairos::min(0)};

  void on_epoch_begin(Epoch&) {
    epoch_began_ = Clock::now();
    saw_begin_ = true;
    samples_ = 0;
    batches_ = 0;
  }

  void on_train_batch_begin(Batch&) {
    if (seen_ >= skip && batches_ == 0) counted_from_ = Clock::now();
  }

  void on_train_batch_end(Batch& batch) {
    if (seen_++ < skip) return;
    samples_ += batch.samples();
    ++batches_;
    counted_to_ = Clock::now();
  }

  void on_epoch_end(Epoch& epoch) {
    if (saw_begin_) epoch.publish("epoch_seconds", seconds(Clock::now() - epoch_began_));
    const double time = seconds(counted_to_ - counted_from_);
    if (batches_ == 0 || time <= 0) return;
    epoch.publish("samples_per_second", static_cast<double>(samples_) / time);
    epoch.publish("batch_seconds", time / static_cast<double>(batches_));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

  Clock::time_point epoch_began_;
  bool saw_begin_ = false;  ///< an epoch has begun in this process, not only in the interrupted one
  Clock::time_point counted_from_;
  Clock::time_point counted_to_;
  std::int64_t seen_ = 0;     ///< batches of this process
  std::int64_t batches_ = 0;  ///< counted in this epoch
  std::int64_t samples_ = 0;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::Throughput)
