// SPDX-License-Identifier: MIT
// Reads clocks, for plugins that record times.
#pragma once

#include <time.h>

inline double seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}
