// SPDX-License-Identifier: MIT
// The order of events and what callbacks are told is documented in sdk/doc/lifecycle.md.
#include "train/fit_loop.hpp"

#include "train/epoch_batches.hpp"
#include "train/lent_batch.hpp"
#include "train/pass.hpp"

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
  FitLoop(Model& model, Prepared& prepared, Callbacks& callbacks, const FitOptions& options)
      : model_(model),
        batches_(prepared.training(), options),
        validation_(prepared.validation()),
        callbacks_(callbacks),
        options_(options),
        interruption_(options.interrupted, callbacks),
        gradients_(callbacks),
        lent_(model),
        running_(model),
        trained_(model),
        validated_(model) {}

  void run(FitProgress& progress) {
    callbacks_.train_begin();
    for (std::int64_t epoch = options_.initial_epoch; epoch < options_.epochs && !ending(); ++epoch) {
      model_.reset_logs();
      const std::int64_t steps = batches_.begin(epoch);
      callbacks_.epoch_begin(epoch, steps);
      const std::int64_t trained = train(steps, progress);
      if (trained == 0 || interruption_.requested()) break;
      trained_.keep(model_);
      const bool validates = validates_after(epoch);
      if (validates && !validate()) break;
      callbacks_.epoch_end(trained_, validates ? &validated_ : nullptr, trained < steps);
      progress.history.append(epoch, callbacks_.keys(), callbacks_.epoch_values());
    }
    const bool interrupted = interruption_.requested();
    if (!interrupted) model_.finish_training();
    progress.history.end = interrupted         ? RunEnd::Interrupted
                           : callbacks_.stop() ? RunEnd::Stopped
                                               : RunEnd::Completed;
    callbacks_.train_end(progress.history.end);
  }

 private:
  /// Trains `steps` batches, or fewer if the run is to end. Returns how many.
  std::int64_t train(std::int64_t steps, FitProgress& progress) {
    GradientObserver* observer = callbacks_.wants_gradients() ? &gradients_ : nullptr;
    std::int64_t step = 0;
    for (; step < steps && !ending(); ++step) {
      const std::int64_t samples = batches_.next_size();
      batches_.next(lent_);
      callbacks_.train_batch_begin(step, samples, &lent_);
      model_.train_batch(lent_.batch(), observer);
      ++progress.batches;
      callbacks_.train_batch_end(running_);
    }
    return step;
  }

  bool validate() {
    const std::int64_t steps = validation_->count(options_.validation_steps);
    return test({model_, *validation_, steps, callbacks_, interruption_}, validated_);
  }

  [[nodiscard]] bool validates_after(std::int64_t epoch) const {
    if (validation_ == nullptr) return false;
    if (!options_.validation_epochs.empty()) return options_.validation_epochs.contains(epoch + 1);
    return (epoch + 1) % options_.validation_freq == 0;
  }

  bool ending() { return callbacks_.stop().has_value() || interruption_.requested(); }

  Model& model_;
  EpochBatches batches_;
  BatchSource* validation_;
  Callbacks& callbacks_;
  const FitOptions& options_;
  Interruption interruption_;
  Gradients gradients_;
  LentBatch lent_;
  ModelLogs running_;
  KeptLogs trained_, validated_;
};

}  // namespace

void run_epochs(Model& model, Prepared& prepared, Callbacks& callbacks, const FitOptions& options,
                FitProgress& progress) {
  FitLoop(model, prepared, callbacks, options).run(progress);
}

}  // namespace kairos::host
