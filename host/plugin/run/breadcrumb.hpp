// SPDX-License-Identifier: MIT
// Records which plugin is running on this thread, so that a crash can be attributed to it.
#pragma once

namespace kairos::host {

/// The plugin call that the thread is in; null outside of plugins. The texts live as long as the instance.
struct Breadcrumb {
  const char* instance = nullptr;
  const char* file = nullptr;
  const char* hook = nullptr;
  const char* contact = nullptr;  ///< to whom a crash is reported
};

/// The breadcrumb of this thread. A plain thread-local object, because a signal handler must be able to read
/// it.
extern thread_local constinit Breadcrumb breadcrumb;

/// Sets the breadcrumb for its lifetime. The texts must live as long.
class BreadcrumbScope {
 public:
  explicit BreadcrumbScope(const Breadcrumb& crumb) : before_(breadcrumb) { breadcrumb = crumb; }
  ~BreadcrumbScope() { breadcrumb = before_; }
  BreadcrumbScope(const BreadcrumbScope&) = delete;
  BreadcrumbScope& operator=(const BreadcrumbScope&) = delete;

 private:
  Breadcrumb before_;
};

/// For the handler of SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT: writes one line about the
/// breadcrumb to `descriptor`, if there is one. Async-signal-safe.
void write_breadcrumb(int descriptor) noexcept;

}  // namespace kairos::host
