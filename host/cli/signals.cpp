// SPDX-License-Identifier: MIT
// Handlers only pass signals on to a thread that waits for them, which may print and take its time. No signal
// is blocked for it: what a plugin starts would inherit that, whichever way it starts it.
#include "cli/signals.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>

#include "alternate_stack.hpp"
#include "plugin/breadcrumb.hpp"

namespace kairos::host::cli {

namespace {

using Clock = std::chrono::steady_clock;

struct Watched {
  int number;
  const char* name;
  bool stays_ignored;
};
constexpr std::array<Watched, 4> watched{{{SIGINT, "SIGINT", false},
                                          {SIGTERM, "SIGTERM", false},
                                          {SIGHUP, "SIGHUP", true},
                                          {SIGUSR1, "SIGUSR1", true}}};

// Handlers of signals reach nothing but what has a name in the whole file.
std::atomic<int> interrupt_signal{0};
std::array<std::atomic<bool>, watched.size()> arrived{};
std::array<struct sigaction, watched.size()> before_watching{};
sem_t something_arrived;

void install(int signal, void (*handler)(int), struct sigaction* before = nullptr) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  ::sigaction(signal, &action, before);
}

/// A plugin that crashes takes the process with it, but not its name.
void on_crash(int signal) {
  write_breadcrumb(STDERR_FILENO);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// The call that raised it returns an error.
void leave_to_the_call(int) {}

void on_interrupt(int signal) {
  const int error = errno;
  for (std::size_t i = 0; i < watched.size(); ++i)
    if (watched[i].number == signal) arrived[i].store(true);
  ::sem_post(&something_arrived);
  errno = error;
}

/// In a child of fork nobody waits for what handlers pass on.
void restore_in_child() {
  for (std::size_t i = 0; i < watched.size(); ++i)
    ::sigaction(watched[i].number, &before_watching[i], nullptr);
}

void say(const std::string& text) {
  std::fflush(stdout);
  // On a terminal, a bar of progress may stand in the line.
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  const std::string line = (on_terminal ? "\nwarning: " : "warning: ") + text + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

/// The thread that waits, and what it knows.
class Waiter {
 public:
  explicit Waiter(InterruptTexts texts) : texts_(std::move(texts)) {}

  void run() {
    while (true) {
      if (::sem_wait(&something_arrived) != 0) continue;
      for (std::size_t i = 0; i < watched.size(); ++i)
        if (arrived[i].exchange(false)) take(i);
    }
  }

 private:
  void take(std::size_t index) {
    constexpr auto one_wish = std::chrono::seconds(1);
    const Watched& signal = watched[index];
    const Clock::time_point now = Clock::now();
    const std::optional<Clock::time_point> earlier = first_[index];
    if (earlier) {
      if (now - *earlier < one_wish) return;
      say(fmt::format("{} again: quitting now; {}", signal.name, texts_.lost));
      ::_exit(128 + signal.number);
    }
    first_[index] = now;
    say(fmt::format("{}: stopping {}, again to quit now", signal.name, texts_.when));
    interrupt_as(signal.number);
  }

  InterruptTexts texts_;
  std::array<std::optional<Clock::time_point>, watched.size()> first_{};
};

/// The signal mask of the waiting thread lets through what it waits for, also where the program was started
/// with it blocked.
void unblock_here() {
  sigset_t mask;
  sigemptyset(&mask);
  for (const Watched& signal : watched) sigaddset(&mask, signal.number);
  ::pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
}

}  // namespace

void prepare_signals() {
  static const AlternateStack of_main_thread;
  for (const int signal : {SIGPIPE, SIGXFSZ}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) install(signal, leave_to_the_call);
  }
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) install(signal, on_crash);
}

const std::atomic<int>& watch_interrupts(InterruptTexts texts) {
  ::sem_init(&something_arrived, 0, 0);
  std::thread([waiter = Waiter(std::move(texts))]() mutable {
    unblock_here();
    waiter.run();
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

std::string signal_name(int signal) {
  for (const Watched& one : watched)
    if (one.number == signal) return one.name;
  return "signal " + std::to_string(signal);
}

}  // namespace kairos::host::cli
