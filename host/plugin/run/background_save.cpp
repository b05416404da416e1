// SPDX-License-Identifier: MIT
// The thread that writes a checkpoint, and its outcome.
#include "plugin/run/background_save.hpp"

#include <chrono>
#include <utility>

#include "base/low_priority.hpp"

namespace kairos::host {

void BackgroundSave::start(Order order, std::function<void()> write) {
  collect();
  written_ = std::async(std::launch::async, [write = std::move(write)] {
    yield_to_training();
    write();
  });
  order_ = std::move(order);
}

std::vector<BackgroundSave::Outcome> BackgroundSave::take(Waiting waiting) {
  using namespace std::chrono_literals;
  if (order_ && (waiting == Waiting::Yes || written_.wait_for(0s) == std::future_status::ready)) collect();
  return std::exchange(outcomes_, {});
}

void BackgroundSave::collect() {
  if (!order_) return;
  Outcome outcome{std::move(*order_), nullptr};
  order_.reset();
  try {
    written_.get();
  } catch (...) {
    outcome.failure = std::current_exception();
  }
  outcomes_.push_back(std::move(outcome));
}

}  // namespace kairos::host
