// SPDX-License-Identifier: MIT
// The order of events and what callbacks are told is documented in sdk/doc/lifecycle.md.
#include "train/fit_loop.hpp"

#include <cstdint>
#include <utility>

#include "train/checkpoint_taker.hpp"
#include "train/epoch_batches.hpp"
#include "train/lent_batch.hpp"
#include "train/pass.hpp"
#include "train/rank_agreement.hpp"

namespace kairos::host {

namespace {

class Gradients final : public GradientObserver {
 public:
  explicit Gradients(Callbacks& callbacks) : callbacks_(callbacks) {}
  void gradients_ready() override { callbacks_.gradients_ready(); }

 private:
  Callbacks& callbacks_;
};

class FitLoop {
 public:
  FitLoop(Model& model, Prepared& prepared, Callbacks& callbacks, const FitOptions& options,
          FitProgress& progress, Continuation continuation)
      : model_(model),
        batches_(prepared.training(), options),
        validation_(prepared.validation()),
        divided_validation_(prepared.divided_validation()),
        callbacks_(callbacks),
        options_(options),
        progress_(progress),
        agreement_(options.ranks, model, callbacks, options.interrupted),
        interruption_(agreement_, callbacks),
        gradients_(callbacks),
        lent_(model),
        running_(model),
        of_all_ranks_(model),
        trained_(model),
        validated_(model),
        earlier_(continuation.earlier),
        asked_(continuation.asked),
        taker_(model, callbacks, options, progress, asked_, std::move(continuation.facts), agreement_),
        hears_batches_(agreement_.any(callbacks.hears_training_batches())),
        hears_test_batches_(agreement_.any(callbacks.hears_test_batches())) {
    position_.epoch = options.initial_epoch;
    asked_.stand([this] { return next_batch(); });
  }
  ~FitLoop() { asked_.stand({}); }
  FitLoop(const FitLoop&) = delete;
  FitLoop& operator=(const FitLoop&) = delete;

  void run(const std::function<void()>& before_end) {
    if (const FitResumption* const earlier = std::exchange(earlier_, nullptr)) go_on_from(*earlier);
    callbacks_.lend_parts(agreement_.ranks() != nullptr);
    asked_.forget_found();  // as large as the model and the state of its optimizer
    callbacks_.train_begin();
    agreement_.after("on_train_begin");
    bool trains = true;
    while (trains && position_.epoch < options_.epochs && (position_.in_epoch || !ending()))
      trains = run_epoch();
    const bool interrupted = interruption_.requested();
    const RunEnd end = interrupted         ? RunEnd::Interrupted
                       : callbacks_.stop() ? RunEnd::Stopped
                                           : RunEnd::Completed;
    progress_.history.end = end;
    progress_.signal = interruption_.requested() ? agreement_.signal() : 0;
    taker_.take_last(position(), end);
    if (!interrupted) model_.finish_training();
    before_end();
    callbacks_.train_end(end);
    taker_.take_for_callbacks();
  }

 private:
  void go_on_from(const FitResumption& earlier) {
    const FitCheckpoint& checkpoint = earlier.checkpoint;
    if (checkpoint.training.empty()) return;
    model_.restore_training_state(checkpoint.training);
    if (checkpoint.position.in_epoch) model_.restore_log_sums(checkpoint.log_sums);
    position_ = checkpoint.position;
    steps_ = batches_.resume(position_);
  }

  /// From its first batch, or from the one where it goes on. False if the run ends in it.
  bool run_epoch() {
    if (std::exchange(position_.in_epoch, true)) {
      callbacks_.epoch_resume(position_.epoch, position_.batch, steps_);
    } else {
      model_.reset_logs();
      position_.batch = 0;
      steps_ = batches_.begin(position_.epoch);
      callbacks_.epoch_begin(position_.epoch, steps_);
      agreement_.after("on_epoch_begin");
    }
    train();
    if (position_.batch == 0 || interruption_.requested()) return false;
    trained_.keep(model_);
    const bool validates = validates_after(position_.epoch);
    if (validates && !validate()) return false;
    const bool partial = position_.batch < steps_;
    const std::int64_t epoch = position_.epoch++;
    position_.batch = 0;
    position_.in_epoch = false;
    callbacks_.epoch_end(trained_, validates ? &validated_ : nullptr, partial);
    agreement_.after("on_epoch_end");
    agreement_.require_equal_weights();
    progress_.history.append(epoch, callbacks_.keys(), callbacks_.epoch_values());
    if (options_.epoch_recorded) options_.epoch_recorded(progress_.history);
    taker_.offer(position());
    taker_.tell();
    return true;
  }

  /// Trains the batches that are left of the epoch, or fewer if the run is to end.
  void train() {
    GradientObserver* observer = callbacks_.wants_gradients() ? &gradients_ : nullptr;
    while (position_.batch < steps_ && goes_on()) {
      if (position_.batch == 0 || !model_.step_is_open()) model_.begin_step(steps_ - position_.batch);
      const std::int64_t samples = batches_.next_size();
      batches_.next(lent_);
      callbacks_.train_batch_begin(position_.batch, samples, &lent_);
      if (hears_batches_) agreement_.after("on_train_batch_begin");
      model_.train_batch(lent_.batch(), observer);
      ++progress_.batches;
      ++position_.batch;
      ++position_.batches;
      callbacks_.train_batch_end(batch_logs());
      agreement_.after("on_train_batch_end");
      if (position_.batch < steps_)
        taker_.offer(position());
      else
        taker_.offer_to_callbacks(position());
    }
  }

  const FitPosition& position() {
    batches_.tell(position_);
    return position_;
  }

  /// For callbacks.
  [[nodiscard]] RunPosition next_batch() const {
    FitPosition now = position_;
    batches_.tell(now);
    const bool ends = now.in_epoch && now.batch > 0 && now.batch >= steps_;
    return {ends ? now.epoch + 1 : now.epoch, ends ? 0 : now.batch, now.pass};
  }

  /// The means of the epoch so far. All ranks read them together, or none does.
  LogSource& batch_logs() {
    if (agreement_.ranks() == nullptr) return running_;
    if (hears_batches_) of_all_ranks_.keep(model_);
    return of_all_ranks_;
  }

  bool validate() {
    taker_.keep_before_validation(position());
    const bool divided = divided_validation_ != nullptr && divides_validation_;
    BatchSource& batches =
        divided_validation_ != nullptr && !divided ? divided_validation_->whole() : *validation_;
    const bool reads = divided && hears_test_batches_;
    if (!divided) model_.use_ranks(nullptr);
    callbacks_.lend_parts(divided);
    const std::int64_t steps = batches.count(options_.validation_steps);
    const bool complete =
        test({model_, batches, steps, callbacks_, interruption_, &agreement_, reads}, validated_);
    callbacks_.lend_parts(agreement_.ranks() != nullptr);
    model_.use_ranks(agreement_.ranks());
    if (!complete) return false;
    // A callback of rank 0 that reads the batches of a validation has to see all samples.
    divides_validation_ = !agreement_.any(callbacks_.has_read_tests());
    taker_.forget();
    return true;
  }

  [[nodiscard]] bool validates_after(std::int64_t epoch) const {
    if (validation_ == nullptr) return false;
    if (!options_.validation_epochs.empty()) return options_.validation_epochs.contains(epoch + 1);
    return (epoch + 1) % options_.validation_freq == 0;
  }

  /// Whether the next batch is trained. A stop waits for the update step that the batches before it belong
  /// to; a signal does not.
  bool goes_on() {
    if (interruption_.requested()) return false;
    return !callbacks_.stop() || (position_.batch > 0 && model_.step_is_open());
  }

  bool ending() { return callbacks_.stop().has_value() || interruption_.requested(); }

  Model& model_;
  EpochBatches batches_;
  BatchSource* validation_;
  RankBatches* divided_validation_;
  Callbacks& callbacks_;
  const FitOptions& options_;
  FitProgress& progress_;
  RankAgreement agreement_;
  Interruption interruption_;
  Gradients gradients_;
  LentBatch lent_;
  ModelLogs running_;
  KeptLogs of_all_ranks_, trained_, validated_;
  const FitResumption* earlier_;
  AskedCheckpoints& asked_;
  CheckpointTaker taker_;
  bool hears_batches_, hears_test_batches_;  ///< some callback of some rank
  bool divides_validation_ = false;          ///< not the first one: callbacks show in it what they read
  FitPosition position_;
  std::int64_t steps_ = 0;  ///< of the current epoch
};

}  // namespace

void run_epochs(Model& model, Prepared& prepared, Callbacks& callbacks, const FitOptions& options,
                FitProgress& progress, Continuation continuation, const std::function<void()>& before_end) {
  FitLoop(model, prepared, callbacks, options, progress, std::move(continuation)).run(before_end);
}

}  // namespace kairos::host
