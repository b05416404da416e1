// SPDX-License-Identifier: MIT
// The model that the fit loop trains. `compile` creates one; an embedding program may implement its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kairos/host/input_columns.hpp"
#include "kairos/host/training_target.hpp"

namespace kairos::host {

class Ranks;

/// A named input or output. `shape` excludes the batch dimension.
struct Port {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// Sample weights of a batch for one output: `values` is [size, per_sample], or null for none. per_sample is
/// 1 (one weight per sample) or the number of timesteps.
struct WeightView {
  const float* values = nullptr;
  std::int64_t per_sample = 1;
};

/// One batch, borrowed for the call. inputs[i] is [size, inputs()[i].shape…], row-major; targets likewise, in
/// the order of targets().
struct Batch {
  std::int64_t size = 0;  ///< samples
  std::vector<const float*> inputs;
  std::vector<const float*> targets;  ///< empty for inference
  std::vector<WeightView> weights;    ///< for the loss and the weighted metrics; empty or one per target
  /// Per target: whether it holds probabilities, Model::soft_target, in place of class numbers; empty if none
  /// does.
  std::vector<bool> soft = {};
  /// Of several ranks: samples in the batch of all of them; 0 if this is all of it.
  std::int64_t whole_size = 0;
  /// The batch has fewer samples than there are ranks, and this is a sample of another rank: it is not
  /// counted.
  bool is_spare = false;
};

/// Samples in the batch of all ranks.
[[nodiscard]] inline std::int64_t whole_size(const Batch& batch) noexcept {
  return batch.whole_size == 0 ? batch.size : batch.whole_size;
}

/// The share of this batch in that of all ranks; 1 if it is all of it.
[[nodiscard]] inline double share_of(const Batch& batch) noexcept {
  if (batch.is_spare) return 0;
  return static_cast<double>(batch.size) / static_cast<double>(whole_size(batch));
}

/// Called when the gradients of a step are complete, before the step.
class GradientObserver {
 public:
  virtual ~GradientObserver() = default;
  virtual void gradients_ready() = 0;
};

/// The interface that the fit loop uses. Batch calls do not allocate once each batch size has been seen.
class Model : public TrainingTarget {
 public:
  [[nodiscard]] virtual std::span<const Port> inputs() const = 0;
  [[nodiscard]] virtual std::span<const Port> outputs() const = 0;
  /// The names of the columns that the inputs were trained on, with an entry for each input whose columns
  /// have names. `save` stores them in a file of the whole model (.keras, .h5), `load_weights` reads them
  /// from one, and `fit` takes them from its data. As DataSpec::input_columns they put the columns of other
  /// tables into the same order.
  [[nodiscard]] virtual std::span<const InputColumns> input_columns() const { return {}; }
  /// Replaces the column names. Throws Error(Model) for an unknown input, and unless each input has as many
  /// names as a sample has values. A model that stores no names may ignore the call.
  virtual void set_input_columns(std::vector<InputColumns> columns) { (void)columns; }
  /// Sets the step count when a run is resumed; exact, unlike the float32 slot of that name. The number of
  /// trained batches, which dropout depends on, becomes the same: a file of a model does not have it. A model
  /// without a counter may ignore it.
  virtual void set_iterations(std::int64_t iterations) { (void)iterations; }
  /// Name and shape of one sample's target, for each output that has a target; the shape is the one that the
  /// loss expects (`{}` for an integer label). Targets and weights of a batch are in this order.
  [[nodiscard]] virtual std::span<const Port> targets() const = 0;
  /// Why one sample of `input` is invalid, such as an index without a row in an embedding; "" if it is valid.
  [[nodiscard]] virtual std::string input_fault(std::size_t input, const float* sample) const {
    (void)input;
    (void)sample;
    return "";
  }
  /// Why one sample's target number `output` is invalid, such as "label 12 is outside 0 … 9"; "" if it is
  /// valid. This function and the ports above may be called on another thread while a batch is trained.
  [[nodiscard]] virtual std::string target_fault(std::size_t output, const float* target) const = 0;

  /// The shape of one sample of a target of class numbers as probabilities over the classes, if its loss has
  /// that form; else empty.
  [[nodiscard]] virtual std::vector<std::int64_t> soft_target(std::size_t output) const {
    (void)output;
    return {};
  }
  /// As target_fault, for a target of that shape.
  [[nodiscard]] virtual std::string soft_target_fault(std::size_t output, const float* target) const {
    (void)output;
    (void)target;
    return "";
  }

  /// Likely mistakes in the model's training configuration. `fit` reports each as a warning.
  [[nodiscard]] virtual std::vector<std::string> training_doubts() const { return {}; }

  /// The keys that train_batch and test_batch compute, "loss" first.
  [[nodiscard]] virtual std::span<const LogKey> log_keys() const = 0;
  /// Resets the sums of read_logs. Called before each epoch and before each evaluation.
  virtual void reset_logs() = 0;
  /// Writes the means since reset_logs, one per key of log_keys().
  virtual void read_logs(std::span<double> values) = 0;
  /// The sums of read_logs, exactly; "" for a model that cannot tell.
  [[nodiscard]] virtual std::string log_sums() { return ""; }
  /// Takes back what `log_sums` returned. Throws Error(Model) and changes nothing for those of another model.
  virtual void restore_log_sums(std::string_view bytes);

  /// Begins the batches of one update step: as many as StepControl::accumulate said, at most `left`, the
  /// batches left in the epoch. An open step is dropped. Called before each batch that begins a step.
  virtual void begin_step(std::int64_t left) { (void)left; }
  /// Whether batches were trained whose step is still to come.
  [[nodiscard]] virtual bool step_is_open() const { return false; }
  /// Forward pass, loss, backward pass, and the update step if this is its last batch. `observer` may be
  /// null.
  virtual void train_batch(const Batch& batch, GradientObserver* observer) = 0;
  /// Called after the last epoch of a fit that was not interrupted, before callbacks get the end of training.
  /// The averages of an optimizer with use_ema become the weights, as in Keras.
  virtual void finish_training() {}
  /// From now on each batch is a part of one that all ranks have: gradients, losses and logs are those of the
  /// whole, and train_batch, test_batch, read_logs and log_sums are called by all ranks alike. Null: alone
  /// again. Borrowed. Throws Error(Model) KAIROS-M143 if the model cannot be trained so.
  virtual void use_ranks(Ranks* ranks);
  /// Forward pass in inference mode, loss and metrics.
  virtual void test_batch(const Batch& batch) = 0;
  /// Forward pass without dropout, in which the moving statistics of normalizing layers become the mean of
  /// those of the batches since `first`. A model without such statistics may ignore it.
  virtual void measure_statistics(const Batch& batch, bool first) {
    (void)batch;
    (void)first;
  }
  /// Forward pass in inference mode. outputs[i] is set to [size, outputs()[i].shape…], borrowed until the
  /// next call.
  virtual void predict_batch(const Batch& batch, std::span<const float*> outputs) = 0;
};

}  // namespace kairos::host
