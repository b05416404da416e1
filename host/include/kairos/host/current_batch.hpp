// SPDX-License-Identifier: MIT
// The batch of a training loop as callbacks read and change it before the model gets it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "kairos/host/tensor.hpp"

namespace kairos::host {

/// A loop passes one to Callbacks::train_batch_begin. Callbacks ask for what they need, so a batch may be
/// read then. The memory that a loop gives the model is that of `tensors` after train_batch_begin.
///
/// The changes of one callback end with `keep` or `take_back`. Until then `take_back` restores the batch as
/// it was before the callback.
class CurrentBatch {
 public:
  virtual ~CurrentBatch() = default;

  /// Role::Input, Role::Target or Role::SampleWeight, [samples, …]; one weight per target, ones if there are
  /// none. Nothing for other roles. The span and its values are borrowed until the batch ends. Throws what
  /// reading the batch throws.
  virtual std::span<const TensorRef> tensors(Role role) = 0;

  /// Whether target `index` holds probabilities now that were class numbers when it was read.
  [[nodiscard]] virtual bool is_soft(std::size_t index) const = 0;

  /// The tensor with memory that may be written to, which is not that of the data.
  virtual const TensorRef& writable(Role role, std::size_t index) = 0;

  /// Why the tensor cannot be replaced by one of this shape, as "it is (4, 3) in place of (4) or (4, 10)"; ""
  /// if it can.
  [[nodiscard]] virtual std::string shape_fault(Role role, std::size_t index,
                                                std::span<const std::int64_t> shape) = 0;
  /// Replaces a tensor by a copy of `values`, whose shape has no fault. Returns why the model does not accept
  /// the values; nothing has changed then. "" if they were copied.
  virtual std::string replace(Role role, std::size_t index, std::span<const std::int64_t> shape,
                              const float* values) = 0;

  /// Why the model does not accept what was written since the last `keep` or `take_back`; "" if it does.
  [[nodiscard]] virtual std::string fault() = 0;
  virtual void keep() = 0;
  virtual void take_back() = 0;

  /// The row of each sample in the data as given; empty if the loop cannot tell. Borrowed until the batch
  /// ends. Throws what reading the batch throws.
  virtual std::span<const std::int64_t> rows() = 0;
};

}  // namespace kairos::host
