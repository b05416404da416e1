// SPDX-License-Identifier: MIT
// The passes that callbacks may ask of a training loop (kairos.forward/1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "kairos/host/tensor.hpp"

namespace kairos::host {

/// Data of a fit. The numbers are those of the ABI (kairos/abi/forward.h).
enum class DataSide : std::int32_t { Training = 1, Validation = 2 };

/// An array for one input of the model, float32 and row-major; borrowed for the call.
struct GivenInput {
  std::span<const std::int64_t> shape;  ///< [samples, …]
  const float* values;
};

/// Implemented by a loop that makes forward passes and trial steps for callbacks; see
/// CallbacksOptions::forward. Calls come from hooks, on the thread that trains, while no batch is under way.
///
/// None of them may be noticed by the training: the sums behind the logs, random numbers, the position in
/// the data, the numbers of batches stay as they are. Functions that return false or nothing were ended by a
/// signal. What reading the data throws is a failure of the run, not of the callback.
class ForwardControl {
 public:
  virtual ~ForwardControl() = default;

  /// Why `evaluate`, `statistics` and `trial_step` are impossible, as a sentence; "" if they are possible.
  [[nodiscard]] virtual std::string fault() const { return ""; }

  /// Batches of `batch_size` samples, 0 for the size of the run; empty if the run has no such data.
  [[nodiscard]] virtual std::optional<std::int64_t> batches(DataSide side, std::int64_t batch_size) const = 0;

  /// Loss and metrics over existing batches of the run's size in inference mode: one value for each of
  /// CallbacksOptions::keys.
  [[nodiscard]] virtual bool evaluate(DataSide side, std::int64_t first, std::int64_t count,
                                      std::span<double> values) = 0;

  /// Inputs of the model.
  [[nodiscard]] virtual std::size_t inputs() const = 0;
  /// Why so many inputs do not fit the model by their shapes; "" if they fit.
  [[nodiscard]] virtual std::string shape_fault(std::span<const GivenInput> inputs) const = 0;
  /// The same of the values of inputs that fit.
  [[nodiscard]] virtual std::string value_fault(std::span<const GivenInput> inputs) const = 0;
  /// Forward pass in inference mode, on inputs without faults.
  [[nodiscard]] virtual bool predict(std::span<const GivenInput> inputs) = 0;
  /// Of the last prediction; borrowed until the next one.
  [[nodiscard]] virtual std::span<const TensorRef> outputs() const = 0;

  /// The moving statistics of normalizing layers become the means of those of the first `count` training
  /// batches. They stay as they were if a signal or an exception ends it.
  [[nodiscard]] virtual bool statistics(std::int64_t count) = 0;

  /// Forward pass, backward pass and a step on a training batch of that size; its loss before the step.
  [[nodiscard]] virtual std::optional<double> trial_step(std::int64_t batch, std::int64_t batch_size) = 0;
};

}  // namespace kairos::host
