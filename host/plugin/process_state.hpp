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

/// How this thread rounds, treats denormals, and traps. A few cycles to read.
class FloatControl {
 public:
  [[nodiscard]] static FloatControl now() noexcept {
    FloatControl control;
#if defined(__x86_64__)
    constexpr unsigned flags = 0x3F;  // of operations that were inexact, and the like; they come and go
    control.vector_ = _mm_getcsr() & ~flags;
    asm volatile("fnstcw %0" : "=m"(control.scalar_));
#endif
    return control;
  }
  void restore() const noexcept {
#if defined(__x86_64__)
    asm volatile("fnclex\n\tfldcw %0" : : "m"(scalar_));
    _mm_setcsr(vector_);
#endif
  }
  bool operator==(const FloatControl&) const = default;

 private:
  unsigned vector_ = 0;
  std::uint16_t scalar_ = 0;
};

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

/// Locale, mask of new files, working directory, handlers of signals, and signals that this thread has
/// blocked. Takes some system calls to read.
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

  locale_t thread_locale_{};
  std::string c_locale_;
  std::locale cpp_locale_;
  long umask_ = -1;        ///< -1 where the kernel does not say
  std::string directory_;  ///< "" where it has no name any more
  sigset_t blocked_{};
  std::vector<Handler> handlers_;
};

}  // namespace kairos::host
