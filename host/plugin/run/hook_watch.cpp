// SPDX-License-Identifier: MIT
// The thread that looks at the breadcrumb.
#include "plugin/run/hook_watch.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace kairos::host {

HookWatch::HookWatch(std::chrono::nanoseconds bound, Tell tell)
    : bound_(bound), tell_(std::move(tell)), thread_([this] { run(); }) {}

HookWatch::~HookWatch() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void HookWatch::run() {
  using Clock = std::chrono::steady_clock;
  const std::chrono::nanoseconds look =
      std::max<std::chrono::nanoseconds>(bound_ / 10, std::chrono::milliseconds(1));
  std::uint64_t serial = watched_.serial();
  Clock::time_point since = Clock::now();
  bool told = false;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, look, [this] { return ends_; })) {
    const Breadcrumb at = watched_.now();
    if (const std::uint64_t now = watched_.serial(); now != serial) {
      serial = now;
      since = Clock::now();
      told = false;
    } else if (at.hook != nullptr && !told && Clock::now() - since >= bound_) {
      told = true;
      lock.unlock();
      tell_(at);
      lock.lock();
    }
  }
}

}  // namespace kairos::host
