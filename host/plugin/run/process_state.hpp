// SPDX-License-Identifier: MIT
// What all code of a process or a thread shares, and a hook must leave as it was.
#pragma once

#include <sys/types.h>

#include <clocale>
#include <csignal>
#include <cstdint>
#include <locale>
#include <string>
#include <vector>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace kairos::host {

/// How this thread rounds and traps, as the x87 unit knows it, which fesetround and feenableexcept set along
/// with the vector unit. To look costs a nanosecond.
class Rounding {
 public:
  [[nodiscard]] static Rounding now() noexcept {
    Rounding control;
#if defined(__x86_64__)
    asm volatile("fnstcw %0" : "=m"(control.word_));
#endif
    return control;
  }
  /// In both units.
  void restore() const noexcept {
#if defined(__x86_64__)
    asm volatile("fnclex\n\tfldcw %0" : : "m"(word_));
    constexpr unsigned masks = 0x3F, rounding = 0xC00;  // of x87
    constexpr unsigned flags = 0x3F;
    const unsigned others = _mm_getcsr() & ~((masks << 7) | (rounding << 3) | flags);
    _mm_setcsr(others | ((word_ & masks) << 7) | ((word_ & rounding) << 3));
#endif
  }
  bool operator==(const Rounding&) const = default;

 private:
  std::uint16_t word_ = 0;
};

/// The same, with what the vector unit does about denormals. To look costs several nanoseconds.
class FloatControl {
 public:
  [[nodiscard]] static FloatControl now() noexcept {
    FloatControl control;
    control.rounding_ = Rounding::now();
#if defined(__x86_64__)
    constexpr unsigned flags = 0x3F;  // of operations that were inexact, and the like; they come and go
    control.vector_ = _mm_getcsr() & ~flags;
#endif
    return control;
  }
  void restore() const noexcept {
    rounding_.restore();
#if defined(__x86_64__)
    _mm_setcsr(vector_);
#endif
  }
  bool operator==(const FloatControl&) const = default;

 private:
  Rounding rounding_;
  unsigned vector_ = 0;
};

/// What the two are, as part of a sentence.
inline constexpr const char* float_control_text = "how the thread rounds, treats denormals or traps";

/// A number that is 1 in the process that made it, and 0 in its forked children. To look costs one load.
class ForkMark {
 public:
  ForkMark();
  ~ForkMark();
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;
  [[nodiscard]] bool in_child() const noexcept { return mark_ != nullptr && *mark_ == 0; }

 private:
  volatile int* mark_ = nullptr;  ///< null where the kernel has no such memory
};

/// Floating-point control, locale, mask of new files, working directory, handlers of signals, and signals
/// that this thread has blocked. Takes some system calls to read.
class ProcessState {
 public:
  [[nodiscard]] static ProcessState now();

  /// Undoes what differs between the present, `changed`, and this. Returns what that was, as parts of a
  /// sentence; empty for nothing. A handler for a signal that had none is nobody's loss and stays; so it is
  /// taken over into this.
  std::vector<std::string> restore(const ProcessState& changed);

 private:
  struct Handler {
    int signal;
    struct sigaction action;
  };
  bool restore_locale(const ProcessState& changed) const;
  std::string restore_handlers(const ProcessState& changed);

  FloatControl control_;
  locale_t thread_locale_{};
  std::string c_locale_;
  std::locale cpp_locale_;
  long umask_ = -1;        ///< -1 where the kernel does not say
  std::string directory_;  ///< "" where it has no name any more
  sigset_t blocked_{};
  std::vector<Handler> handlers_;
};

}  // namespace kairos::host
