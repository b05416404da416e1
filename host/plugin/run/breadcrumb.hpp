// SPDX-License-Identifier: MIT
// Remembers which plugin is running on this thread, so that a crash can be blamed on it.
#pragma once

namespace kairos::host {

/// What the thread is inside of; null where it is in no plugin. The texts live as long as the instance.
struct Breadcrumb {
  const char* instance = nullptr;
  const char* file = nullptr;
  const char* hook = nullptr;
};

/// The crumb of this thread. A plain thread-local object, because a signal handler must be able to read it.
extern thread_local constinit Breadcrumb breadcrumb;

/// Sets the crumb for its lifetime. The texts must live as long.
class BreadcrumbScope {
 public:
  explicit BreadcrumbScope(const Breadcrumb& crumb) : before_(breadcrumb) { breadcrumb = crumb; }
  ~BreadcrumbScope() { breadcrumb = before_; }
  BreadcrumbScope(const BreadcrumbScope&) = delete;
  BreadcrumbScope& operator=(const BreadcrumbScope&) = delete;

 private:
  Breadcrumb before_;
};

/// For the handler of SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT: writes one line about the crumb to
/// `descriptor`, if there is one. Async-signal-safe.
void write_breadcrumb(int descriptor) noexcept;

}  // namespace kairos::host
