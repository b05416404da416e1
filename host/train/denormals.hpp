// SPDX-License-Identifier: MIT
// Denormal numbers are treated as zero while a model trains.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kairos::host {

/// During its lifetime, this thread flushes denormals to zero (FTZ and DAZ), or keeps them. A new thread
/// inherits the mode of the thread that starts it.
class DenormalMode {
 public:
  DenormalMode(const DenormalMode&) = delete;
  DenormalMode& operator=(const DenormalMode&) = delete;

 protected:
#if defined(__x86_64__)
  explicit DenormalMode(bool flush) : saved_(_mm_getcsr()) {
    constexpr unsigned ftz_and_daz = 0x8040;
    _mm_setcsr(flush ? saved_ | ftz_and_daz : saved_ & ~ftz_and_daz);
  }
  ~DenormalMode() {
    _mm_setcsr(saved_);
  }

 private:
  unsigned saved_;
#else
  explicit DenormalMode(bool) {}
  ~DenormalMode() = default;
#endif
};

/// Adam's moments of dead units become denormal in ordinary training, and arithmetic on denormals is about
/// twenty times slower.
class FlushDenormals : DenormalMode {
 public:
  FlushDenormals() : DenormalMode(true) {}
};

class KeepDenormals : DenormalMode {
 public:
  KeepDenormals() : DenormalMode(false) {}
};

}  // namespace kairos::host
