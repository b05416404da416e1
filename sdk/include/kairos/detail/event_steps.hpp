// SPDX-License-Identifier: MIT
// The part of kairos::Event that controls the update steps (kairos.step/1).
#pragma once

#include <cstdint>

#include "kairos/detail/event_weights.hpp"

namespace kairos {
inline namespace v1 {
namespace detail {

/// All functions need Can::ControlStep and are allowed from on_train_begin to on_train_end. They throw
/// KAIROS_E_UNSUPPORTED in a training loop that does not let callbacks control its steps. What they ask for
/// is saved with the run, and restored with it.
class EventSteps : public EventWeights {
 public:
  using EventWeights::EventWeights;

  /// Makes one step from `batches` batches, from the next group on; 1 ends it. The last group of an epoch may
  /// be shorter. Throws KAIROS_E_RANGE for 0, KAIROS_E_STATE if another callback accumulates,
  /// KAIROS_E_UNSUPPORTED if the gradients of the model cannot be added up.
  void accumulate(std::uint32_t batches) {
    check(steps().accumulate(call_, batches), "accumulating gradients");
  }
  /// Freezes a weight, by its index in Role::Weight: the optimizer leaves it and its state alone. Throws
  /// KAIROS_E_RANGE for an unknown index.
  void freeze(std::uint32_t weight) { check(steps().freeze(call_, weight, 1), "freezing a weight"); }
  /// Releases it. It is trained if no other callback freezes it.
  void unfreeze(std::uint32_t weight) { check(steps().freeze(call_, weight, 0), "releasing a weight"); }
  /// Multiplies the learning rate of a weight, by its index in Role::Weight; 1 ends it. Factors of several
  /// callbacks multiply. Throws KAIROS_E_RANGE for an unknown index, and for a factor that is negative or not
  /// finite.
  void scale_rate(std::uint32_t weight, double factor) {
    check(steps().scale_rate(call_, weight, factor), "scaling a learning rate");
  }

 protected:
  [[nodiscard]] const kairos_step& steps() const { return need(interfaces_.step, KAIROS_STEP); }
};

}  // namespace detail
}  // namespace v1
}  // namespace kairos
