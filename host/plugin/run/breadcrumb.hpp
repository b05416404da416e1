// SPDX-License-Identifier: MIT
// Records which plugin is running on each thread, so that a crash or a hook that hangs can be attributed.
#pragma once

#include <atomic>
#include <cstdint>

namespace kairos::host {

/// The plugin call that a thread is in; null outside of plugins. The texts are never freed.
struct Breadcrumb {
  const char* instance = nullptr;
  const char* file = nullptr;
  const char* hook = nullptr;
  const char* contact = nullptr;  ///< to whom a crash is reported
};

/// The breadcrumb of a thread. Other threads and signal handlers may read it; what they read may be mixed of
/// two calls unless `serial` was the same before and after.
class BreadcrumbSlot {
 public:
  [[nodiscard]] Breadcrumb now() const noexcept {
    constexpr auto order = std::memory_order_relaxed;
    return {instance_.load(order), file_.load(order), hook_.load(order), contact_.load(order)};
  }
  /// By the thread itself.
  void set(const Breadcrumb& crumb) noexcept {
    constexpr auto order = std::memory_order_relaxed;
    serial_.store(serial_.load(order) + 1, order);
    instance_.store(crumb.instance, order);
    file_.store(crumb.file, order);
    hook_.store(crumb.hook, order);
    contact_.store(crumb.contact, order);
  }
  /// Changes with each call.
  [[nodiscard]] std::uint64_t serial() const noexcept { return serial_.load(std::memory_order_relaxed); }

 private:
  std::atomic<const char*> instance_ = nullptr, file_ = nullptr, hook_ = nullptr, contact_ = nullptr;
  std::atomic<std::uint64_t> serial_ = 0;
};
static_assert(std::atomic<const char*>::is_always_lock_free);

/// The breadcrumb of this thread. Initialized at compile time, because a signal handler must be able to read
/// it.
extern thread_local constinit BreadcrumbSlot breadcrumb;

/// Sets the breadcrumb for its lifetime.
class BreadcrumbScope {
 public:
  explicit BreadcrumbScope(const Breadcrumb& crumb) : before_(breadcrumb.now()) { breadcrumb.set(crumb); }
  ~BreadcrumbScope() { breadcrumb.set(before_); }
  BreadcrumbScope(const BreadcrumbScope&) = delete;
  BreadcrumbScope& operator=(const BreadcrumbScope&) = delete;

 private:
  Breadcrumb before_;
};

}  // namespace kairos::host
