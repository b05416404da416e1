// SPDX-License-Identifier: MIT
// What the fit loop needs of a model. `compile` makes one; an embedding program may implement its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kairos/host/input_columns.hpp"
#include "kairos/host/training_target.hpp"

namespace kairos::host {

/// A named input or output. `shape` is without the batch dimension.
struct Port {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// Weights of a batch for one output: `values` is [size, per_sample] or null for none.
/// per_sample is 1 (a weight per sample) or the number of timesteps.
struct WeightView {
  const float* values = nullptr;
  std::int64_t per_sample = 1;
};

/// One batch, borrowed for the call. inputs[i] is [size, inputs()[i].shape…], likewise targets by output;
/// row-major.
struct Batch {
  std::int64_t size = 0;  ///< samples
  std::vector<const float*> inputs;
  std::vector<const float*> targets;  ///< empty for predict
  std::vector<WeightView> weights;    ///< for the loss and the weighted metrics; empty or one per target
};

/// Told when the gradients of a batch are complete and the step is not yet made.
class GradientObserver {
 public:
  virtual ~GradientObserver() = default;
  virtual void gradients_ready() = 0;
};

/// What the fit loop drives. Nothing here allocates once each batch size has been seen.
class Model : public TrainingTarget {
 public:
  [[nodiscard]] virtual std::span<const Port> inputs() const = 0;
  [[nodiscard]] virtual std::span<const Port> outputs() const = 0;
  /// What the columns are called that the inputs were trained on: an entry for each input whose columns have
  /// names. `save` keeps them in a file of the whole model (.keras, .h5), `load_weights` takes them from one,
  /// and `fit` takes them from its data. Given to DataSpec::input_columns they put the columns of other
  /// tables in the same order.
  [[nodiscard]] virtual std::span<const InputColumns> input_columns() const { return {}; }
  /// Replaces them. Throws Error(Model) for an input that the model does not have, and unless each input has
  /// as many names as a sample has values. A model that keeps none may ignore it.
  virtual void set_input_columns(std::vector<InputColumns> columns) { (void)columns; }
  /// Where the count of steps goes on when a run is taken up again; exact, unlike the slot of that name. A
  /// model that does not count for itself need not heed it.
  virtual void set_iterations(std::int64_t iterations) { (void)iterations; }
  /// Name and shape of one sample of the target of each output that is compared with one, as the loss wants
  /// it (`{}` for an integer label). Targets and weights of a batch are in this order.
  [[nodiscard]] virtual std::span<const Port> targets() const = 0;
  /// What is wrong with one sample of `input`, e.g. an index that an embedding has no row for; "" if nothing
  /// is.
  [[nodiscard]] virtual std::string input_fault(std::size_t input, const float* sample) const {
    (void)input;
    (void)sample;
    return "";
  }
  /// What is wrong with one sample's target number `output`, e.g. "label 12 is outside 0 … 9"; "" if nothing
  /// is. This and the ports above may be asked for on another thread while a batch is trained.
  [[nodiscard]] virtual std::string target_fault(std::size_t output, const float* target) const = 0;

  /// What is likely a mistake in how the model is to be trained: `fit` reports each as a warning.
  [[nodiscard]] virtual std::vector<std::string> training_doubts() const { return {}; }

  /// The keys that train_batch and test_batch account for, "loss" first.
  [[nodiscard]] virtual std::span<const LogKey> log_keys() const = 0;
  /// Forgets the sums behind read_logs: before each epoch, and before each test.
  virtual void reset_logs() = 0;
  /// Means since reset_logs, one per key of log_keys().
  virtual void read_logs(std::span<double> values) = 0;

  /// Forward, loss, backward, step. `observer` may be null.
  virtual void train_batch(const Batch& batch, GradientObserver* observer) = 0;
  /// After the last epoch of a fit that was not interrupted, before callbacks hear of its end: averages that
  /// an optimizer keeps of the weights become the weights, as in Keras.
  virtual void finish_training() {}
  /// Forward in inference mode, loss and metrics.
  virtual void test_batch(const Batch& batch) = 0;
  /// Forward in inference mode; outputs[i] points to [size, outputs()[i].shape…], borrowed until the next
  /// call.
  virtual void predict_batch(const Batch& batch, std::span<const float*> outputs) = 0;
};

}  // namespace kairos::host
