// SPDX-License-Identifier: MIT
// Sets the signal mask of each thread by the system call, which has 64 bits. Unlike pthread_sigmask it also
// blocks the signals that the C library reserves (setuid and pthread_cancel send them to threads).
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

/// Raised by a fault of the thread itself. If they were blocked, the process would end without their handler.
constexpr std::uint64_t faults = bit_of(SIGSEGV) | bit_of(SIGBUS) | bit_of(SIGILL) | bit_of(SIGFPE) |
                                 bit_of(SIGTRAP) | bit_of(SIGSYS) | bit_of(SIGABRT);

/// Returns the previous mask. Cannot fail with these arguments.
std::uint64_t change_mask(int how, std::uint64_t mask) {
  std::uint64_t before = 0;
  static_cast<void>(::syscall(SYS_rt_sigprocmask, how, &mask, &before, sizeof mask));
  return before;
}

std::uint64_t hold() {
  return change_mask(SIG_BLOCK, ~faults);
}

/// The mask of a thread of a team before its signals were held.
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
    // A thread that joined the team in the meantime inherited the held mask of this one.
    change_mask(SIG_SETMASK, of_thread.held ? of_thread.before : before_);
    of_thread.held = false;
  });
}

}  // namespace kairos::host
