// SPDX-License-Identifier: MIT
// The thread that writes a checkpoint, and its outcome.
#include "plugin/run/background_save.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace kairos::host {

namespace {

/// Lowers the priority of this thread (Linux has a niceness per thread). A failure does not matter.
void yield_to_training() {
  constexpr int nicer_by = 10;
  const auto thread = static_cast<id_t>(::gettid());
  static_cast<void>(::setpriority(PRIO_PROCESS, thread, ::getpriority(PRIO_PROCESS, thread) + nicer_by));
}

}  // namespace

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
