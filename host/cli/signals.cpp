// SPDX-License-Identifier: MIT
// Handlers do all the work and never block, because the reader of the output may have stopped. No signal is
// masked: programs that a plugin starts would inherit the mask.
#include "cli/signals.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <thread>

#include "base/alternate_stack.hpp"
#include "cli/exit_codes.hpp"
#include "plugin/run/breadcrumb.hpp"
#include "plugin/run/crash_line.hpp"

namespace kairos::host::cli {

namespace {

struct Watched {
  int number;
  const char* name;
  bool stays_ignored;
};
constexpr std::array<Watched, 4> watched{{{SIGINT, "SIGINT", false},
                                          {SIGTERM, "SIGTERM", false},
                                          {SIGHUP, "SIGHUP", true},
                                          {SIGUSR1, "SIGUSR1", true}}};

/// A line that is composed before a handler may need it.
struct Line {
  std::array<char, 2048> text{};
  std::size_t length = 0;

  Line& operator=(const std::string& line) {
    length = std::min(line.size(), text.size());
    std::copy_n(line.data(), length, text.data());
    if (length == text.size()) text.back() = '\n';
    return *this;
  }
};

struct Lines {
  Line stopping, saving, quitting;
};

// Signal handlers can only reach global variables.
std::atomic<int> interrupt_signal{0};
std::atomic<bool> saving{false};
std::array<std::atomic<std::int64_t>, watched.size()> first_arrival{};  // in nanoseconds
std::array<Lines, watched.size()> lines;
std::array<struct sigaction, watched.size()> before_watching{};
/// What the thread that runs the callbacks is doing.
std::atomic<const BreadcrumbSlot*> training{nullptr};
sem_t interrupted;  ///< a first signal has arrived
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

std::string name_of(int signal) {
  for (const Watched& one : watched)
    if (one.number == signal) return one.name;
  return "signal " + std::to_string(signal);
}

void install(int signal, void (*handler)(int), struct sigaction* before = nullptr) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  ::sigaction(signal, &action, before);
}

/// The line of the terminal may hold a progress bar. Decided early: isatty() is not for signal handlers.
std::atomic<bool> shares_terminal{false};

/// Names the plugin that crashed before the process ends. A second crash, of another thread or of this
/// handler, says nothing.
void on_crash(int signal, siginfo_t*, void* context) {
  static std::atomic<bool> crashed{false};
  if (!crashed.exchange(true)) {
    if (shares_terminal) [[maybe_unused]]
      const ssize_t written = ::write(STDERR_FILENO, "\n", 1);
    write_crash_line(STDERR_FILENO, signal, context);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// The system call returns an error instead.
void fail_the_call(int) {}

/// Drops the line if writing it would block.
void write_if_read(const Line& line) {
  pollfd error{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&error, 1, 0) != 1 || (error.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.text.data(), line.length);
}

std::int64_t nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void on_interrupt(int signal) {
  constexpr std::int64_t repeated = 1'000'000'000;  // a terminal or a script may send one request twice
  const int error = errno;
  for (std::size_t i = 0; i < watched.size(); ++i) {
    if (watched[i].number != signal) continue;
    const std::int64_t now = nanoseconds();
    std::int64_t first = 0;
    if (first_arrival[i].compare_exchange_strong(first, now)) {
      interrupt_as(signal);
      write_if_read(saving ? lines[i].saving : lines[i].stopping);
      ::sem_post(&interrupted);
    } else if (now - first >= repeated) {
      write_if_read(lines[i].quitting);
      ::_exit(exit_code_of_signal(signal));
    }
  }
  errno = error;
}

/// A forked child has no run to end in order.
void restore_in_child() {
  for (std::size_t i = 0; i < watched.size(); ++i)
    ::sigaction(watched[i].number, &before_watching[i], nullptr);
}

void prepare_lines(const InterruptTexts& texts) {
  if (texts.silent) return;
  // On a terminal, the line may hold a progress bar.
  const std::string warning = shares_terminal ? "\nwarning: " : "warning: ";
  for (std::size_t i = 0; i < watched.size(); ++i) {
    const std::string start = warning + watched[i].name;
    lines[i].stopping = start + fmt::format(": stopping {}, again to quit now\n", texts.when);
    lines[i].saving = start + ": saving, again to quit now\n";
    lines[i].quitting = start + fmt::format(" again: quitting now; {}\n", texts.lost);
  }
}

/// Names the hook, or the background task, that keeps the run from ending, once for each that takes longer
/// than a second.
[[noreturn]] void tell_what_is_waited_for() {
  while (::sem_wait(&interrupted) != 0) {
  }
  for (std::uint64_t told = 0;;) {
    const std::uint64_t serial = training.load()->serial();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const Breadcrumb at = training.load()->now();
    if (at.hook == nullptr || serial == told || training.load()->serial() != serial) continue;
    told = serial;
    Line line;
    line = fmt::format("{}{}: waiting for {} of {} ({}), again to quit now\n",
                       shares_terminal ? "\nwarning: " : "warning: ", name_of(interrupt_signal), at.hook,
                       at.instance, at.file);
    write_if_read(line);
  }
}

/// Works also if the program was started with them blocked, or other threads block them.
void unblock_here() {
  sigset_t mask;
  sigemptyset(&mask);
  for (const Watched& signal : watched) sigaddset(&mask, signal.number);
  ::pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
}

}  // namespace

void prepare_signals() {
  shares_terminal = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  static const AlternateStack of_main_thread;
  for (const int signal : {SIGPIPE, SIGXFSZ}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) install(signal, fail_the_call);
  }
  struct sigaction crash {};
  crash.sa_sigaction = on_crash;
  crash.sa_flags = SA_ONSTACK | SA_SIGINFO;
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::sigaction(signal, &crash, nullptr);
}

const std::atomic<int>& watch_interrupts(const InterruptTexts& texts) {
  prepare_lines(texts);
  training = &breadcrumb;
  ::sem_init(&interrupted, 0, 0);
  // A thread that can always receive signals.
  std::thread([] {
    unblock_here();
    tell_what_is_waited_for();
  }).detach();
  for (std::size_t i = 0; i < watched.size(); ++i) {
    struct sigaction& before = before_watching[i];
    ::sigaction(watched[i].number, nullptr, &before);
    if (before.sa_handler != SIG_IGN || !watched[i].stays_ignored) install(watched[i].number, on_interrupt);
  }
  ::pthread_atfork(nullptr, nullptr, restore_in_child);
  return interrupt_signal;
}

void interrupt_as(int signal) {
  int none = 0;
  interrupt_signal.compare_exchange_strong(none, signal);
}

void interrupts_find_saving() {
  saving = true;
}

std::string interrupted_by(int signal) {
  return "interrupted by " + name_of(signal);
}

}  // namespace kairos::host::cli
