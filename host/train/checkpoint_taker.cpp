// SPDX-License-Identifier: MIT
// The states of callbacks are saved on the thread that trains, when all hooks of an event have returned.
#include "train/checkpoint_taker.hpp"

#include <exception>
#include <utility>

namespace kairos::host {

CheckpointTaker::CheckpointTaker(Model& model, Callbacks& callbacks, const FitOptions& options,
                                 FitProgress& progress, AskedCheckpoints& asked, FitFacts facts,
                                 RankAgreement& agreement)
    : model_(model),
      callbacks_(callbacks),
      options_(options),
      progress_(progress),
      sink_(options.checkpoints),
      asked_(asked),
      may_ask_(callbacks.may_save_runs()),
      agreement_(agreement),
      saves_(agreement.any(sink_ != nullptr || may_ask_)),
      facts_(std::move(facts)) {}

CheckpointTaker::~CheckpointTaker() {
  asked_.wait();
  try {
    progress_.run_saved_in = asked_.last_saved();
  } catch (const std::exception&) {  // no memory: a message lacks the directory
  }
}

FitCheckpoint CheckpointTaker::copy(const FitPosition& position, OnStateFailure on_failure) {
  FitCheckpoint checkpoint;
  checkpoint.position = position;
  checkpoint.facts = facts_;
  if (position.in_epoch) checkpoint.log_sums = model_.log_sums();
  if (!is_mine()) return checkpoint;
  checkpoint.callbacks =
      on_failure == OnStateFailure::Policy ? callbacks_.save_state() : callbacks_.rescue_state();
  checkpoint.memory = callbacks_.memory();
  return checkpoint;
}

void CheckpointTaker::note_saved_files() {
  const auto& saved = callbacks_.saved_files();
  auto& noted = progress_.history.saved_files;
  noted.insert(noted.end(), saved.begin() + static_cast<std::ptrdiff_t>(noted.size()), saved.end());
}

void CheckpointTaker::keep_before_validation(const FitPosition& position) {
  if (saves_ && options_.interrupted != nullptr) before_validation_ = copy(position, OnStateFailure::Policy);
}

void CheckpointTaker::take(const FitPosition& position, bool for_sink) {
  FitCheckpoint checkpoint = copy(position, OnStateFailure::Policy);
  if (!is_mine()) return;
  checkpoint.training = model_.training_state();
  note_saved_files();
  const bool asked = asked_.any();
  if (asked) asked_.take(checkpoint, progress_.history);
  if (for_sink) sink_->take(std::move(checkpoint), progress_.history);
  if (asked) tell(AskedCheckpoints::Waiting::No);
}

void CheckpointTaker::tell(AskedCheckpoints::Waiting waiting) {
  if (!may_ask_) return;
  for (const AskedCheckpoints::Written& one : asked_.written(waiting)) {
    if (one.failure.empty())
      callbacks_.run_saved(one.directory);
    else
      callbacks_.run_not_saved(one.directory, one.failure);
  }
}

void CheckpointTaker::take_last(const FitPosition& position, RunEnd end) {
  if (!saves_) return;
  FitCheckpoint checkpoint =
      before_validation_ ? *std::exchange(before_validation_, {}) : copy(position, OnStateFailure::LeaveOut);
  if (!is_mine()) return;
  checkpoint.training = model_.training_state();
  note_saved_files();
  if (may_ask_) last_ = checkpoint;
  if (sink_ != nullptr) sink_->take_last(std::move(checkpoint), progress_.history, end);
}

void CheckpointTaker::take_for_callbacks() {
  if (asked_.any() && last_) asked_.take(*last_, progress_.history);
  tell(AskedCheckpoints::Waiting::Yes);
}

}  // namespace kairos::host
