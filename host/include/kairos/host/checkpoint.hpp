// SPDX-License-Identifier: MIT
// Run checkpoints: all that a fit needs to go on after a crash as if nothing had happened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/history.hpp"

namespace kairos::host {

/// Where a fit is.
struct FitPosition {
  std::int64_t epoch = 0;    ///< index of the epoch that goes on or, between epochs, of the next one
  std::int64_t batch = 0;    ///< batches of this epoch that are trained
  bool in_epoch = false;     ///< whether the epoch has begun
  std::int64_t pass = -1;    ///< over the data; -1 before the first
  std::int64_t next = 0;     ///< batch of the pass
  std::int64_t batches = 0;  ///< trained since the fit began, in all processes

  [[nodiscard]] bool operator==(const FitPosition&) const = default;
  /// "epoch 3, batch 20 of it", "the end of epoch 2"; epochs are counted from 1.
  [[nodiscard]] std::string text() const;
};

/// A copy of everything that changes during a fit, taken after all hooks of a batch or an epoch. History is
/// kept beside it.
struct FitCheckpoint {
  FitPosition position;
  /// What the fit was given, by the names that messages use: seed, sizes, a hash of data and model.
  std::vector<std::pair<std::string, std::string>> facts;
  std::string training;   ///< TrainingTarget::training_state
  std::string log_sums;   ///< Model::log_sums; empty between epochs
  std::string callbacks;  ///< Callbacks::save_state
  RunMemory memory;
};

/// Decides when run checkpoints are taken, and keeps them. All calls come from the thread that trains.
class CheckpointSink {
 public:
  virtual ~CheckpointSink() = default;
  /// Whether a checkpoint is wanted here. Called after the hooks of each batch but the last one of an epoch,
  /// and after those of each epoch.
  [[nodiscard]] virtual bool wants(const FitPosition& position) = 0;
  /// `history` has the epochs and the saved files up to here, those of earlier processes too.
  virtual void take(FitCheckpoint checkpoint, const History& history) = 0;
  /// The last one, also if no other was wanted: after the last epoch, a stop, or a signal. Averages have not
  /// replaced weights yet, and on_train_end follows, so that the run can go on from here.
  virtual void take_last(FitCheckpoint checkpoint, const History& history, RunEnd end) = 0;
};

/// What FitOptions::resume_from takes. Without a training state, the fit begins again, and only callbacks
/// learn that it is resumed: the process before it may have left files and was ended before its first
/// checkpoint.
struct FitResumption {
  FitCheckpoint checkpoint;
  History history;
};

/// When a run checkpoint is due: counted from the last one.
struct CheckpointInterval {
  enum class Unit { Seconds, Epochs, Batches, Never };
  Unit unit = Unit::Seconds;
  double count = 5;
  /// Of seconds: the share of the time that checkpoints may cost. The next one comes later than `count`
  /// seconds after the last one if that one, its copy and the processor time of writing it, has cost more; 0
  /// for no such limit.
  double share = 0.01;
};

/// "auto" (5 seconds, at most 1 % of the time), "30s", "5min", "1h", "2epochs", "100batches", "off"; empty if
/// it is none of them.
[[nodiscard]] std::optional<CheckpointInterval> parse_checkpoint_interval(const std::string& text);

/// The run checkpoints of a run directory, in its folder `run_checkpoint`: the newest and the one before it,
/// and the History in a file that grows. Each is written under a temporary name, flushed, and renamed, so
/// that a crash or a power cut leaves the old one or the new one. One process at a time; the caller sees to
/// that.
class RunCheckpoints final : public CheckpointSink {
 public:
  static constexpr const char* folder = "run_checkpoint";

  struct Found {
    FitResumption resumption;
    bool finished = false;
    RunEnd end = RunEnd::Completed;  ///< of a finished run
    std::string file;                ///< of the checkpoint, for messages
  };

  /// `messages` may be null.
  RunCheckpoints(std::filesystem::path run_directory, CheckpointInterval every, MessageSink messages);
  /// Waits for the file that is being written. A last checkpoint without `finish` is written as unfinished.
  ~RunCheckpoints() override;
  RunCheckpoints(const RunCheckpoints&) = delete;
  RunCheckpoints& operator=(const RunCheckpoints&) = delete;

  /// The newest checkpoint that is whole. A damaged one is passed over with a warning that says so. Empty if
  /// the directory has none. Throws Error(File) for one of a newer version, and if all are damaged.
  [[nodiscard]] std::optional<Found> load();
  /// How many checkpoints stay: 1, or 2 for the one before the newest, too. 2 if it is not called.
  void keep(std::size_t count);
  /// Whether there is any, whole or not.
  [[nodiscard]] bool any() const;
  /// Removes what an earlier run has left; the run that begins is another one.
  void start_over();

  [[nodiscard]] bool wants(const FitPosition& position) override;
  void take(FitCheckpoint checkpoint, const History& history) override;
  void take_last(FitCheckpoint checkpoint, const History& history, RunEnd end) override;
  /// After the results of the run are written. Writes the last checkpoint, marked as finished unless a signal
  /// ended the run. Throws Error(File) if it cannot be written; the one before it is kept then.
  void finish();

  /// Whether a file is being written.
  [[nodiscard]] bool is_writing() const;
  /// Waits for the file that is being written. Throws Error(File) if the last one could not be written.
  void wait();

 private:
  class Files;
  std::unique_ptr<Files> files_;
};

}  // namespace kairos::host
