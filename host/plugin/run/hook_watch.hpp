// SPDX-License-Identifier: MIT
// Names a hook while it runs for too long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "plugin/run/breadcrumb.hpp"

namespace kairos::host {

/// Looks at the breadcrumb of the thread that created it, ten times in `bound` but at most once a
/// millisecond, from a thread of its own. A hook costs nothing.
class HookWatch {
 public:
  /// Called on the watching thread, once for each call that is running for `bound` or longer.
  using Tell = std::function<void(const Breadcrumb& at)>;

  HookWatch(std::chrono::nanoseconds bound, Tell tell);
  ~HookWatch();
  HookWatch(const HookWatch&) = delete;
  HookWatch& operator=(const HookWatch&) = delete;

 private:
  void run();

  const BreadcrumbSlot& watched_ = breadcrumb;
  std::chrono::nanoseconds bound_;
  Tell tell_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace kairos::host
