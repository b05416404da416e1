// SPDX-License-Identifier: MIT
// What callbacks may see and change of what is being trained. `Model` implements it; a program with its own
// loop implements it for its own model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kairos/host/tensor.hpp"

namespace kairos::host {

/// Which way a metric gets better; ABI numbers (kairos/abi/logs.h).
enum class Direction : std::int32_t { Unknown = 0, Min = 1, Max = 2 };

/// A key of the logs, without the prefix `val_`.
struct LogKey {
  std::string name;  ///< Keras' names: "loss", "accuracy", "weighted_accuracy", "learning_rate"
  Direction direction = Direction::Unknown;
};

/// What a checkpoint holds.
enum class SaveContent { Model, Weights };

/// The model, optimizer and files behind a run, as callbacks reach them.
/// All calls come from the thread that runs the loop. Errors are thrown as `Error`.
class TrainingTarget {
 public:
  virtual ~TrainingTarget() = default;

  /// Weights (trainable or not) in Keras' get_weights() order for Role::Weight and Role::Buffer together are
  /// `tensors(Role::Weight)`; Role::Buffer lists the untrained ones again. The span is borrowed until the
  /// next call.
  virtual std::span<const TensorRef> tensors(Role role) = 0;

  /// Must be called after values behind `tensors(Role::Weight)` or `Role::Slot` were written.
  virtual void tensors_written(Role role) = 0;

  /// A hyper-parameter of the optimizer ("learning_rate", "momentum"); empty if it has none of that name.
  [[nodiscard]] virtual std::optional<double> hyper(std::string_view name) const = 0;

  /// Sets what `hyper` returned. False if there is none of that name.
  virtual bool set_hyper(std::string_view name, double value) = 0;

  /// Why `set_hyper` would refuse every value of it ("the schedule CosineDecay decides it"); "" if it would
  /// not.
  [[nodiscard]] virtual std::string hyper_fault(std::string_view name) const {
    (void)name;
    return "";
  }

  /// Optimizer steps made, also those before the model was saved and loaded.
  [[nodiscard]] virtual std::int64_t iterations() const = 0;

  /// Writes the model or its weights atomically; the format follows the ending. Never changes the live model.
  virtual void save(const std::filesystem::path& file, SaveContent content) = 0;

  /// Copies what `save` would write and returns what writes it: to be called once, on any thread, while
  /// training goes on. Without an own version the file is written before this returns.
  [[nodiscard]] virtual std::function<void()> save_later(const std::filesystem::path& file,
                                                         SaveContent content) {
    save(file, content);
    return [] {};
  }

  /// Why `save` could not write such a file whatever the disk says (its ending, its content); "" if it could.
  [[nodiscard]] virtual std::string save_fault(const std::filesystem::path& file,
                                               SaveContent content) const = 0;

  /// Loads weights in place. The file's shapes must fit, else Error(Model) and nothing has changed.
  virtual void load_weights(const std::filesystem::path& file) = 0;

  /// Keras JSON of the architecture; "" if there is none.
  [[nodiscard]] virtual std::string architecture() const = 0;
};

}  // namespace kairos::host
