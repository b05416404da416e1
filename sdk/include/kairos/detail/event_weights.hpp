// SPDX-License-Identifier: MIT
// The part of an event about weights beside those that are trained: kairos.weights/1.
#pragma once

#include <cstdint>
#include <string_view>

#include "kairos/abi/weights.h"
#include "kairos/detail/event_core.hpp"
#include "kairos/tensor.hpp"

namespace kairos {
inline namespace v1 {

/// What `Event::take` remembers: the weights that are live; the weights that are trained and all else that
/// the next step depends on; the weights that are trained.
enum class Take : std::int32_t {
  Weights = KAIROS_TAKE_WEIGHTS,
  Training = KAIROS_TAKE_TRAINING,
  Trained = KAIROS_TAKE_TRAINED
};

namespace detail {

/// Slots are those of Snapshot and Average, which may stand for their number: test.swap_in(average, "ema").
class EventWeights : public EventCore {
 public:
  using EventCore::EventCore;

  /// Remembers in `slot` what `what` says; 0 makes a slot and stores its number. Throws KAIROS_E_UNSUPPORTED
  /// for Take::Training if the model cannot remember a training.
  void take(Take what, std::uint64_t& slot) {
    check(weights().take(call_, static_cast<std::int32_t>(what), &slot), "remembering weights");
  }
  /// Training goes on from what the slot holds; in on_train_end, the slot becomes the result. Needs
  /// Can::WriteWeights. Throws KAIROS_E_NOT_FOUND, and KAIROS_E_STATE between on_train_batch_begin and the
  /// step.
  void put(std::uint64_t slot) { check(weights().put(call_, slot), "putting weights back"); }

  /// Borrows a weight of a slot, by its index among Role::Weight, until the hook returns. Access::Write needs
  /// Can::WriteWeights.
  [[nodiscard]] Tensor slot_tensor(std::uint64_t slot, std::uint32_t index,
                                   Access access = Access::Read) const {
    if (slot == 0) throw Error(KAIROS_E_NOT_FOUND, "nothing has been taken into this slot");
    return lend(slot, index, access);
  }
  /// Borrows a weight that is trained, whatever is swapped in, for reading.
  [[nodiscard]] Tensor trained_weight(std::uint32_t index) const { return lend(0, index, Access::Read); }

  /// The slot becomes the live weights for every reader (tests, files that are saved), under `label`, until
  /// swap_out or the end of on_epoch_end, of on_train_end, of an evaluation or a prediction. In the hooks of
  /// tests and predictions, on_epoch_end and on_train_end. Needs Can::WriteWeights. Throws KAIROS_E_NOT_FOUND
  /// and KAIROS_E_STATE.
  void swap_in(std::uint64_t slot, std::string_view label) {
    check(weights().swap_in(call_, slot, to_abi(label)), "swapping weights in");
  }
  /// Takes a slot out again, in any order; one that is not in is ignored.
  void swap_out(std::uint64_t slot) { check(weights().swap_out(call_, slot), "swapping weights out"); }
  /// Label of the weights that are live; empty for those that are trained. Borrowed until the hook returns or
  /// calls live_weights() again.
  [[nodiscard]] std::string_view live_weights() const {
    kairos_str label{};
    check(weights().live(call_, &label), "reading the label of the live weights");
    return from_abi(label);
  }

 private:
  [[nodiscard]] const kairos_weights& weights() const { return need(interfaces_.weights, KAIROS_WEIGHTS); }
  [[nodiscard]] Tensor lend(std::uint64_t slot, std::uint32_t index, Access access) const {
    kairos_tensor out{};
    out.size = sizeof out;
    check(weights().borrow(call_, slot, index, static_cast<std::int32_t>(access), &out),
          "borrowing a weight of a slot");
    return Tensor(out);
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace kairos
