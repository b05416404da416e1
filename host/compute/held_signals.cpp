// SPDX-License-Identifier: MIT
// Sets the signal mask of each thread by the system call: 64 bits, and it also holds back the signals that
// the C library keeps for itself (setuid and pthread_cancel send them to threads), which pthread_sigmask does
// not.
#include "compute/held_signals.hpp"

#include <omp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "compute/parallel.hpp"

namespace kairos::host {

namespace {

constexpr std::uint64_t bit_of(int signal) {
  return std::uint64_t{1} << (signal - 1);
}

/// A fault of the thread itself raises these; blocked, they would end the process without their handler.
constexpr std::uint64_t faults = bit_of(SIGSEGV) | bit_of(SIGBUS) | bit_of(SIGILL) | bit_of(SIGFPE) |
                                 bit_of(SIGTRAP) | bit_of(SIGSYS) | bit_of(SIGABRT);

/// Returns the mask before. Cannot fail with these arguments.
std::uint64_t change_mask(int how, std::uint64_t mask) {
  std::uint64_t before = 0;
  static_cast<void>(::syscall(SYS_rt_sigprocmask, how, &mask, &before, sizeof mask));
  return before;
}

std::uint64_t hold() {
  return change_mask(SIG_BLOCK, ~faults);
}

/// What a thread of a team had before its signals were held.
struct OfThread {
  std::uint64_t before = 0;
  bool held = false;
};
thread_local constinit OfThread of_thread;

}  // namespace

HeldSignals::HeldSignals() noexcept : before_(hold()) {}

HeldSignals::~HeldSignals() {
  change_mask(SIG_SETMASK, before_);
}

TeamHeldSignals::TeamHeldSignals(int threads) noexcept : threads_(omp_in_parallel() != 0 ? 1 : threads) {
  if (threads_ > 1) {
    on_each_thread(threads_, [] { of_thread = {hold(), true}; });
    before_ = of_thread.before;
  } else {
    before_ = hold();
  }
}

TeamHeldSignals::~TeamHeldSignals() {
  if (threads_ <= 1) {
    change_mask(SIG_SETMASK, before_);
    return;
  }
  on_each_thread(threads_, [this] {
    // A thread that joined the team meanwhile began with the signals of this one held.
    change_mask(SIG_SETMASK, of_thread.held ? of_thread.before : before_);
    of_thread.held = false;
  });
}

}  // namespace kairos::host
