// SPDX-License-Identifier: MIT
// Steps that are tried and undone.
#pragma once

#include <cstdint>

#include "kairos/event.hpp"

namespace kairos {
inline namespace v1 {

/// What a training is made of, put back at the end to the last bit: weights, optimizer, learning rate, random
/// numbers.
///
///   Trial trial(run);
///   for (...) { run.set_learning_rate(rate); losses.push_back(run.trial_step(i)); }
///   trial.end();
///
/// Lives inside of one hook. Needs Can::WriteWeights and a host with kairos.weights/1. Throws
/// KAIROS_E_UNSUPPORTED if the model cannot remember a training.
class Trial {
 public:
  explicit Trial(Event& event) : event_(event) { event.take(Take::Training, slot_); }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  /// Ends the trial if an exception has left `end` out. A failure of that is no second exception.
  ~Trial() {
    try {
      end();
    } catch (...) {
    }
  }

  /// Puts everything back. Throws HostError if the host cannot.
  void end() {
    if (slot_ == 0) return;
    event_.put(slot_);
    event_.drop(slot_);
    slot_ = 0;
  }

 private:
  Event& event_;
  std::uint64_t slot_ = 0;
};

}  // namespace v1
}  // namespace kairos
