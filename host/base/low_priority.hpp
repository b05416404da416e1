// SPDX-License-Identifier: MIT
// Background work that must not slow training down.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

namespace kairos::host {

/// Lowers the priority of this thread (Linux has a niceness per thread). A failure does not matter.
inline void yield_to_training() {
  constexpr int nicer_by = 10;
  const auto thread = static_cast<id_t>(::gettid());
  static_cast<void>(::setpriority(PRIO_PROCESS, thread, ::getpriority(PRIO_PROCESS, thread) + nicer_by));
}

}  // namespace kairos::host
