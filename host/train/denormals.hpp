// SPDX-License-Identifier: MIT
// Denormal numbers count as zero while a model trains.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kairos::host {

/// For its lifetime, this thread flushes denormals (FTZ and DAZ). Adam's moments of dead units become
/// denormal in ordinary training, and arithmetic on such numbers is some twenty times slower.
class FlushDenormals {
 public:
#if defined(__x86_64__)
  FlushDenormals() : saved_(_mm_getcsr()) {
    _mm_setcsr(saved_ | 0x8040U);
  }
  ~FlushDenormals() {
    _mm_setcsr(saved_);
  }
#else
  FlushDenormals() = default;
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__x86_64__)
  unsigned saved_;
#endif
};

/// For its lifetime, denormals count on this thread. A thread begins with the state of the one that starts
/// it.
class KeepDenormals {
 public:
#if defined(__x86_64__)
  KeepDenormals() : saved_(_mm_getcsr()) {
    _mm_setcsr(saved_ & ~0x8040U);
  }
  ~KeepDenormals() {
    _mm_setcsr(saved_);
  }
#else
  KeepDenormals() = default;
#endif
  KeepDenormals(const KeepDenormals&) = delete;
  KeepDenormals& operator=(const KeepDenormals&) = delete;

 private:
#if defined(__x86_64__)
  unsigned saved_;
#endif
};

}  // namespace kairos::host
