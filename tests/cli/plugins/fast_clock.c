/* SPDX-License-Identifier: MIT */
/* Preloaded: a monotonic clock that runs a thousand times as fast. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec* out) {
  const long result = syscall(SYS_clock_gettime, clock, out);
  if (result == 0 && clock == CLOCK_MONOTONIC) {
    const long long fast = (out->tv_sec * 1000000000LL + out->tv_nsec) % 1000000000000000LL * 1000;
    out->tv_sec = fast / 1000000000LL;
    out->tv_nsec = fast % 1000000000LL;
  }
  return (int)result;
}
