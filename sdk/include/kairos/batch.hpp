// SPDX-License-Identifier: MIT
// The event of a batch: its loss, the rows of its samples, and other values for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kairos/event.hpp"

namespace kairos {
inline namespace v1 {

/// Rows of samples, borrowed until the hook returns.
class Indices {
 public:
  Indices(const std::int64_t* first, std::uint64_t count) : first_(first), count_(count) {}
  [[nodiscard]] const std::int64_t* begin() const { return first_; }
  [[nodiscard]] const std::int64_t* end() const { return first_ + count_; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(count_); }
  [[nodiscard]] std::int64_t operator[](std::size_t sample) const { return first_[sample]; }

 private:
  const std::int64_t* first_;
  std::uint64_t count_;
};

/// A batch of an epoch, test or prediction.
class Batch : public detail::EventOf<kairos_batch_event> {
 public:
  using EventOf::EventOf;
  /// Epoch, counted from 0; -1 outside a fit.
  [[nodiscard]] std::int64_t epoch() const { return raw_.epoch; }
  /// Batch in this epoch, test or prediction, counted from 0.
  [[nodiscard]] std::int64_t index() const { return raw_.batch; }
  /// Batches of this epoch, test or prediction; -1 if unknown.
  [[nodiscard]] std::int64_t count() const { return raw_.batches; }
  /// Optimizer steps since the model was created.
  [[nodiscard]] std::int64_t step() const { return raw_.step; }
  /// Samples in this batch.
  [[nodiscard]] std::int64_t samples() const { return raw_.samples; }
  /// In on_train_batch_end: true if the optimizer made a step after this batch; false if the batch is one of
  /// several whose step is still to come, or if a callback discarded the step.
  [[nodiscard]] bool stepped() const { return raw_.stepped != 0; }
  /// In on_backward_end: the step is not made, and the gradients of its batches are dropped. Needs
  /// Can::ControlStep. Throws KAIROS_E_STATE in other hooks.
  void discard_step() { check(steps().discard(call_), "discarding a step"); }
  /// Loss of this batch alone, as it enters the running mean. Throws KAIROS_E_NOT_FOUND before the forward
  /// pass and in a prediction, KAIROS_E_UNSUPPORTED if the model does not tell it.
  [[nodiscard]] double loss() const {
    double value = 0;
    check(batch().loss(call_, &value), "reading the loss of the batch");
    return value;
  }
  /// Row of each sample in the data as given, before shuffling and splitting; of a stream, in the order of
  /// its file. Throws KAIROS_E_UNSUPPORTED if the loop does not tell them.
  [[nodiscard]] Indices indices() const {
    const std::int64_t* first = nullptr;
    std::uint64_t count = 0;
    check(batch().indices(call_, &first, &count), "reading the rows of the samples");
    return {first, count};
  }
  /// In on_train_batch_begin: gives this batch other inputs, targets or sample weights, which are copied. The
  /// shape is that of the tensor; class numbers may become probabilities [samples, …, classes(index)]. Needs
  /// Can::WriteBatch. Throws KAIROS_E_UNSUPPORTED for another shape, KAIROS_E_DATA for values that the model
  /// or the loss does not accept; the batch is unchanged then.
  void replace(Role role, std::uint32_t index, const float* values, const std::vector<std::int64_t>& shape) {
    kairos_view view{};
    view.data = const_cast<float*>(values);  // DLPack's types have no const; the host only reads
    view.device = {1, 0};
    view.rank = static_cast<std::int32_t>(shape.size());
    view.dtype = {2, 32, 1};
    view.shape = const_cast<std::int64_t*>(shape.data());
    check(batch().replace(call_, static_cast<std::int32_t>(role), index, &view), "replacing a tensor");
  }
};

}  // namespace v1
}  // namespace kairos
