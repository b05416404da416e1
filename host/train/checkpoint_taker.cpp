// SPDX-License-Identifier: MIT
// The states of callbacks are saved on the thread that trains, when all hooks of an event have returned.
#include "train/checkpoint_taker.hpp"

#include <utility>

namespace kairos::host {

CheckpointTaker::CheckpointTaker(Model& model, Callbacks& callbacks, const FitOptions& options,
                                 FitProgress& progress, FitFacts facts)
    : model_(model),
      callbacks_(callbacks),
      options_(options),
      progress_(progress),
      sink_(options.checkpoints),
      facts_(std::move(facts)) {}

FitCheckpoint CheckpointTaker::copy(const FitPosition& position, OnStateFailure on_failure) {
  FitCheckpoint checkpoint;
  checkpoint.position = position;
  checkpoint.facts = facts_;
  if (position.in_epoch) checkpoint.log_sums = model_.log_sums();
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
  if (sink_ != nullptr && options_.interrupted != nullptr)
    before_validation_ = copy(position, OnStateFailure::Policy);
}

void CheckpointTaker::take(const FitPosition& position) {
  FitCheckpoint checkpoint = copy(position, OnStateFailure::Policy);
  checkpoint.training = model_.training_state();
  note_saved_files();
  sink_->take(std::move(checkpoint), progress_.history);
}

void CheckpointTaker::take_last(const FitPosition& position, RunEnd end) {
  if (sink_ == nullptr) return;
  FitCheckpoint checkpoint =
      before_validation_ ? *std::exchange(before_validation_, {}) : copy(position, OnStateFailure::LeaveOut);
  checkpoint.training = model_.training_state();
  note_saved_files();
  sink_->take_last(std::move(checkpoint), progress_.history, end);
}

}  // namespace kairos::host
