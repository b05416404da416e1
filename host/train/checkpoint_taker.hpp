// SPDX-License-Identifier: MIT
// Copies a run at the moments that its sink and its callbacks want.
#pragma once

#include <optional>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/asked_checkpoints.hpp"
#include "train/fit_facts.hpp"
#include "train/rank_agreement.hpp"

namespace kairos::host {

/// Borrows its arguments. Does nothing without FitOptions::checkpoints and callbacks that ask.
class CheckpointTaker {
 public:
  /// `facts` are stored with each copy.
  CheckpointTaker(Model& model, Callbacks& callbacks, const FitOptions& options, FitProgress& progress,
                  AskedCheckpoints& asked, FitFacts facts, RankAgreement& agreement);
  /// Nothing is being written for callbacks afterwards.
  ~CheckpointTaker();
  CheckpointTaker(const CheckpointTaker&) = delete;
  CheckpointTaker& operator=(const CheckpointTaker&) = delete;

  /// After the hooks of a batch or an epoch.
  void offer(const FitPosition& position) {
    if (!saves_) return;
    const bool wanted = agreement_.any(sink_ != nullptr && sink_->wants(position));
    if (wanted || asked_.any()) take(position, wanted);
  }
  /// After the hooks of the last batch of an epoch: the sink gets the end of the epoch instead.
  void offer_to_callbacks(const FitPosition& position) {
    if (asked_.any()) take(position, false);
  }
  /// At the end of an epoch: tells callbacks which of the checkpoints that they asked for are complete.
  void tell() { tell(AskedCheckpoints::Waiting::No); }
  /// Before a validation, which a signal may cut short: the run then goes on with all of it, and as if none
  /// of its hooks had been called.
  void keep_before_validation(const FitPosition& position);
  /// That validation has ended.
  void forget() { before_validation_.reset(); }
  void take_last(const FitPosition& position, RunEnd end);
  /// After the hooks of on_train_end: gives the copy of `take_last` to callbacks that asked for it in them,
  /// and waits until it is written.
  void take_for_callbacks();

 private:
  /// What a state_save that fails does: the policy of its instance, or nothing but to leave the state out,
  /// because on_train_end follows and the state is saved once more.
  enum class OnStateFailure { Policy, LeaveOut };
  void take(const FitPosition& position, bool for_sink);
  void tell(AskedCheckpoints::Waiting waiting);
  /// Without the training state.
  [[nodiscard]] FitCheckpoint copy(const FitPosition& position, OnStateFailure on_failure);
  void note_saved_files();
  /// A rank that saves nothing takes part in what the ranks do together.
  [[nodiscard]] bool is_mine() const { return agreement_.ranks() == nullptr || sink_ != nullptr; }

  Model& model_;
  Callbacks& callbacks_;
  const FitOptions& options_;
  FitProgress& progress_;
  CheckpointSink* sink_;
  AskedCheckpoints& asked_;
  bool may_ask_;  ///< callbacks
  RankAgreement& agreement_;
  bool saves_;  ///< some rank
  FitFacts facts_;
  std::optional<FitCheckpoint> before_validation_;
  std::optional<FitCheckpoint> last_;  ///< for callbacks
};

}  // namespace kairos::host
