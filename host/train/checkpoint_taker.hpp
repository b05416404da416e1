// SPDX-License-Identifier: MIT
// Copies a run at the moments that its sink wants.
#pragma once

#include <optional>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/fit_facts.hpp"

namespace kairos::host {

/// Borrows its arguments. Does nothing without FitOptions::checkpoints.
class CheckpointTaker {
 public:
  /// `facts` are stored with each copy.
  CheckpointTaker(Model& model, Callbacks& callbacks, const FitOptions& options, FitProgress& progress,
                  FitFacts facts);

  /// After the hooks of a batch or an epoch.
  void offer(const FitPosition& position) {
    if (sink_ != nullptr && sink_->wants(position)) take(position);
  }
  /// Before a validation, which a signal may cut short: the run then goes on with all of it, and as if none
  /// of its hooks had been called.
  void keep_before_validation(const FitPosition& position);
  /// That validation has ended.
  void forget() { before_validation_.reset(); }
  void take_last(const FitPosition& position, RunEnd end);

 private:
  /// What a state_save that fails does: the policy of its instance, or nothing but to leave the state out,
  /// because on_train_end follows and the state is saved once more.
  enum class OnStateFailure { Policy, LeaveOut };
  void take(const FitPosition& position);
  /// Without the training state.
  [[nodiscard]] FitCheckpoint copy(const FitPosition& position, OnStateFailure on_failure);
  void note_saved_files();

  Model& model_;
  Callbacks& callbacks_;
  const FitOptions& options_;
  FitProgress& progress_;
  CheckpointSink* sink_;
  FitFacts facts_;
  std::optional<FitCheckpoint> before_validation_;
};

}  // namespace kairos::host
