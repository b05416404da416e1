// SPDX-License-Identifier: MIT
// The part of a model that callbacks can read and change. `Model` implements it; a program with its own
// training loop implements it for its own model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kairos/host/step_control.hpp"
#include "kairos/host/tensor.hpp"

namespace kairos::host {

/// Whether lower or higher values of a metric are better. The numbers are those of the ABI
/// (kairos/abi/logs.h).
enum class Direction : std::int32_t { Unknown = 0, Min = 1, Max = 2 };

/// A key of the logs, without the prefix `val_`.
struct LogKey {
  std::string name;  ///< Keras' names: "loss", "accuracy", "weighted_accuracy", "learning_rate"
  Direction direction = Direction::Unknown;
};

/// The content of a checkpoint.
enum class SaveContent { Model, Weights };

/// The model, optimizer and files of a run, as callbacks access them. All calls come from the thread that
/// runs the training loop. Errors are thrown as `Error`.
class TrainingTarget {
 public:
  virtual ~TrainingTarget() = default;

  /// `tensors(Role::Weight)` lists all weights, trained or not, in the order of Keras' get_weights();
  /// Role::Buffer lists the state among them again. The span is borrowed until the next call.
  virtual std::span<const TensorRef> tensors(Role role) = 0;

  /// Must be called after writing to the values of `tensors(Role::Weight)` or `tensors(Role::Slot)`.
  virtual void tensors_written(Role role) = 0;

  /// A hyperparameter of the optimizer ("learning_rate", "momentum"); empty if there is none of that name.
  [[nodiscard]] virtual std::optional<double> hyper(std::string_view name) const = 0;

  /// Sets a hyperparameter. False if there is none of that name.
  virtual bool set_hyper(std::string_view name, double value) = 0;

  /// Why `set_hyper` would refuse every value ("the schedule CosineDecay decides it"); "" if it would not.
  [[nodiscard]] virtual std::string hyper_fault(std::string_view name) const {
    (void)name;
    return "";
  }

  /// The number of optimizer steps, including those before the model was saved and loaded.
  [[nodiscard]] virtual std::int64_t iterations() const = 0;

  /// Everything that training changes, exactly: weights, averages, the optimizer's variables, step count and
  /// hyperparameters, the number of batches that random layers depend on, the gradients of a step
  /// whose batches are not all trained. "" for a target that cannot tell.
  [[nodiscard]] virtual std::string training_state() { return ""; }

  /// Takes back what `training_state` returned, so that training goes on from there bit for bit. Throws
  /// Error(Model) and changes nothing for damaged bytes, and for those of another model or optimizer.
  virtual void restore_training_state(std::string_view bytes);

  /// The number of training batches since the model was made. The random numbers of callbacks depend on it.
  [[nodiscard]] virtual std::int64_t training_batches() const { return iterations(); }

  /// The loss of the batch that was last evaluated, alone and as it enters the running mean; empty if the
  /// target does not tell. (`tensors(Role::SampleLoss)` has the losses of its samples.)
  [[nodiscard]] virtual std::optional<double> batch_loss() const { return std::nullopt; }

  /// The number of classes of target number `index`, if it holds class numbers and may hold probabilities
  /// instead; 0 if not, empty if there is no such target.
  [[nodiscard]] virtual std::optional<std::int64_t> classes(std::size_t index) const {
    (void)index;
    return std::nullopt;
  }

  /// What callbacks control the update steps by; null if they cannot. Lives as long as the target.
  [[nodiscard]] virtual StepControl* step_control() { return nullptr; }

  /// Writes the model or its weights atomically, in the format of the file extension. Never changes the
  /// model.
  virtual void save(const std::filesystem::path& file, SaveContent content) = 0;

  /// Copies what `save` would write and returns a function that writes it. That function is called once, on
  /// any thread, while training continues. The default implementation writes the file before it returns.
  [[nodiscard]] virtual std::function<void()> save_later(const std::filesystem::path& file,
                                                         SaveContent content) {
    save(file, content);
    return [] {};
  }

  /// Called when callbacks have put other weights in place of those that are trained, with their label
  /// ("ema"), and with "" when the trained ones are back. `save` may record the label in the file.
  virtual void weights_presented(std::string_view label) { (void)label; }

  /// Why `save` cannot write such a file, apart from I/O errors (its extension or content); "" if it can.
  [[nodiscard]] virtual std::string save_fault(const std::filesystem::path& file,
                                               SaveContent content) const = 0;

  /// Loads weights in place. Throws Error(Model) and changes nothing if shapes do not match.
  virtual void load_weights(const std::filesystem::path& file) = 0;

  /// The architecture as Keras JSON; "" if there is none.
  [[nodiscard]] virtual std::string architecture() const = 0;
};

}  // namespace kairos::host
