// SPDX-License-Identifier: MIT
// What callbacks may ask of the update steps of a training loop (kairos.step/1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace kairos::host {

/// Implemented by a model or a loop that makes one step from several batches, freezes weights and scales
/// their learning rates. Calls come from hooks, on the thread that trains. Weights are indices of
/// TrainingTarget::tensors(Role::Weight).
///
/// A loop of your own supports it as follows; `wanted` is what `accumulate` said last.
///
/// 1. At the first batch of a group it fixes the group's size: `wanted`, or fewer if the epoch has fewer
/// left.
/// 2. For each batch it calls Callbacks::train_batch_begin and train_batch_end as always. It adds up
/// gradients
///    that are not divided yet, and what each batch divides its loss by (samples, sum of weights, mask).
/// 3. At the last batch of the group it divides the sum once, adds regularization, sets the gradients of
///    frozen weights to zero, and calls Callbacks::gradients_ready. Unless `discard` was called meanwhile, it
///    makes the step, and iterations() grows: that is how callbacks are told of it.
/// 4. It ends for a stop after the group, and for a signal after the batch.
class StepControl {
 public:
  virtual ~StepControl() = default;

  /// Why the gradient of a large batch is not the sum of those of small ones, as a sentence; "" if it is.
  [[nodiscard]] virtual std::string accumulation_fault() const { return ""; }
  /// One step from so many batches, from the next group on.
  virtual void accumulate(std::int64_t batches) = 0;
  /// Inside Callbacks::gradients_ready: no step is made from these gradients.
  virtual void discard() = 0;
  /// The optimizer leaves a frozen weight and its state alone: no update, decay, clipping, average,
  /// constraint or penalty. Its gradient is zero and not part of the global norm.
  virtual void freeze(std::size_t weight, bool frozen) = 0;
  /// Factor of the learning rate of a weight, also in its decay: finite and not negative.
  virtual void scale_rate(std::size_t weight, double factor) = 0;
};

}  // namespace kairos::host
