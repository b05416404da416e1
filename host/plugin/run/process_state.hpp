// SPDX-License-Identifier: MIT
// State that all code of a process or thread shares, and that a hook must leave unchanged.
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

/// Rounding and traps of this thread, read from the x87 unit, which fesetround and feenableexcept set
/// together with the vector unit. Reading it takes a nanosecond.
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

/// Rounding, and the vector unit's treatment of denormals. Reading it takes several nanoseconds.
class FloatControl {
 public:
  [[nodiscard]] static FloatControl now() noexcept {
    FloatControl control;
    control.rounding_ = Rounding::now();
#if defined(__x86_64__)
    constexpr unsigned flags = 0x3F;  // status of past operations, such as inexact; not control
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

/// Both, as part of a sentence.
inline constexpr const char* float_control_text = "how the thread rounds, treats denormals or traps";

/// Tells the process that created it from its forked children, for one load from memory.
class ForkMark {
 public:
  ForkMark();
  ~ForkMark();
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;
  [[nodiscard]] bool in_child() const noexcept { return mark_ != nullptr && *mark_ == 0; }

 private:
  volatile int* mark_ = nullptr;  ///< null if the kernel lacks MADV_WIPEONFORK
};

/// Floating-point control, locale, umask, working directory, signal handlers, and the signals that this
/// thread blocks. Reading it takes several system calls.
class ProcessState {
 public:
  [[nodiscard]] static ProcessState now();

  /// Restores this state where `changed`, the current one, differs. Returns the differences as parts of a
  /// sentence; empty if there are none. A handler for a signal that had none may stay, and is added to this.
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
  long umask_ = -1;        ///< -1 if unknown
  std::string directory_;  ///< "" if it was removed
  sigset_t blocked_{};
  std::vector<Handler> handlers_;
};

}  // namespace kairos::host
