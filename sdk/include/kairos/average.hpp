// SPDX-License-Identifier: MIT
// A running average of the weights that are trained.
#pragma once

#include <cstdint>

#include "kairos/detail/members.hpp"
#include "kairos/event.hpp"
#include "kairos/state.hpp"

namespace kairos {
inline namespace v1 {

/// An average of weights, kept by the host and saved with the state:
///
///   Average average{this, "average"};
///   average.blend(batch, 0.999);        // on_train_batch_end
///   test.swap_in(average, "ema");       // on_test_begin: the validation measures it
///   end.put(average);                   // on_train_end: it is the result
///
/// Needs Can::WriteWeights and a host with kairos.weights/1.
class Average : public Snapshot {
 public:
  constexpr Average(detail::Members* owner, const char* name) : Snapshot(owner, name) {}

  /// average = momentum · average + (1 - momentum) · weights, of the weights that are trained, whatever is
  /// swapped in. The first call copies them. Weights that the optimizer does not update, such as the running
  /// means of a BatchNormalization, are copied by every call.
  void blend(Event& event, double momentum) {
    if (empty()) return take_trained(event);
    const auto share = static_cast<float>(1 - momentum);
    const std::uint32_t count = event.tensor_count(Role::Weight);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Tensor from = event.trained_weight(i);
      const std::int64_t n = from.size();
      const float* const now = from.data();
      float* const average = event.slot_tensor(value(), i, Access::Write).mutable_data();
      if (from.trainable())
        for (std::int64_t k = 0; k < n; ++k) average[k] += share * (now[k] - average[k]);
      else
        for (std::int64_t k = 0; k < n; ++k) average[k] = now[k];
    }
  }

  /// Copies the weights that are trained, whatever is swapped in, replacing the average.
  void take_trained(Event& event) {
    std::uint64_t slot = value();
    event.take(Take::Trained, slot);
    State::operator=(slot);
  }
};

}  // namespace v1
}  // namespace kairos
