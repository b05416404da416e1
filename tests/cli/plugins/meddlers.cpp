// SPDX-License-Identifier: MIT
// Callbacks that affect the process: they end it or its threads, change its shared state, start programs, or
// are slow.
#include <kairos/plugin.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <cerrno>
#include <cfenv>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace {

void nothing(int) {}

void leave_directory() {
  [[maybe_unused]] const int done = ::chdir("/");
}

/// The signal lines of /proc/self/status in programs that are started in three ways.
void start_programs() {
  const char* const command = "grep -E '^Sig(Blk|Ign)' /proc/self/status >> children.txt";
  [[maybe_unused]] const int done = std::system(command);
  const char* const arguments[] = {"sh", "-c", command, nullptr};
  pid_t child = 0;
  if (::posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(arguments), environ) == 0)
    ::waitpid(child, nullptr, 0);
  child = ::fork();
  if (child == 0) {
    ::execv("/bin/sh", const_cast<char* const*>(arguments));
    ::_exit(1);
  }
  ::waitpid(child, nullptr, 0);
}

/// Not by a tail call, so that the crash is inside of the plugin.
void crash() {
  if (std::raise(SIGSEGV) != 0) std::abort();
}

using Function = int (*)();
volatile Function no_function = nullptr;

/// Not inlined, and no tail call.
[[gnu::noinline]] int overflow(int depth) {
  if (depth < 0) return 0;
  volatile char some[4096];
  some[0] = static_cast<char>(depth);
  return overflow(depth + 1) + some[0];
}

void crash_the_process(std::string_view what) {
  if (what == "crash") crash();
  if (what == "overflow") static_cast<void>(overflow(0));
  if (what == "call_null") static_cast<void>(no_function());
  if (what == "crash_elsewhere") std::thread(crash).join();
  if (what == "throw_elsewhere") std::thread([] { throw 1; }).join();
  if (what == "call_null_elsewhere")
    std::thread([] { [[maybe_unused]] const volatile int result = no_function(); }).join();
  if (what == "handle_crashes") std::signal(SIGSEGV, [](int) { ::_exit(3); });
}

void do_to_the_process(std::string_view what) {
  using namespace std::chrono_literals;
  if (what == "exit") std::exit(0);
  if (what == "quick_exit") std::quick_exit(0);
  if (what == "exit_elsewhere") std::thread([] { std::exit(0); }).join();
  if (what == "exit_unwaited") std::thread([] { std::exit(0); }).detach();
  if (what == "pthread_exit") ::pthread_exit(nullptr);
  if (what == "hang")
    for (;;) ::pause();
  if (what == "wait") std::this_thread::sleep_for(4s);
  if (what == "sleep") std::this_thread::sleep_for(50ms);
  if (what == "programs") start_programs();
  if (what == "fork_exit") {
    if (::fork() == 0) std::exit(0);
    ::wait(nullptr);
  }
  if (what == "fork") static_cast<void>(::fork());
  if (what == "tick") {
    struct sigaction action {};
    action.sa_handler = nothing;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGALRM, &action, nullptr);
    const itimerval each_millisecond{{0, 1000}, {0, 1000}};
    ::setitimer(ITIMER_REAL, &each_millisecond, nullptr);
  }
  if (what == "round") static_cast<void>(std::fesetround(FE_UPWARD));
#if defined(__x86_64__)
  if (what == "flush") _mm_setcsr(_mm_getcsr() ^ 0x8040U);
#endif
  if (what == "close")
    for (int stream = 0; stream < 3; ++stream) ::close(stream);
  if (what == "umask") ::umask(0);
  if (what == "chdir") leave_directory();
  if (what == "locale") std::setlocale(LC_ALL, "C.UTF-8");
  if (what == "ignore") std::signal(SIGTERM, SIG_IGN);
  if (what == "block") {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  }
}

}  // namespace

struct Meddler : kairos::Callback<Meddler> {
  static constexpr auto id = "com.example.Meddler";
  kairos::Option<std::string_view> what{this, "what", "exit", "what to do"};
  kairos::Option<std::string_view> hook{this, "hook", "epoch_end", "where"};
  kairos::Option<int> from{this, "from", 0, "first epoch that it is done in", kairos::min(0)};
  kairos::State<int> kept{this, "kept", 0};

  void at(std::string_view place, std::int64_t epoch = std::numeric_limits<std::int64_t>::max()) {
    if (place != hook.value() || epoch < from) return;
    crash_the_process(what.value());
    do_to_the_process(what.value());
  }

  void setup(kairos::Run&) { at("setup"); }
  void on_train_begin(kairos::Run&) { at("train_begin"); }
  void on_epoch_begin(kairos::Epoch& epoch) { at("epoch_begin", epoch.index()); }
  void on_train_batch_end(kairos::Batch& batch) { at("batch_end", batch.epoch()); }
  void on_test_batch_end(kairos::Batch&) { at("test_batch_end"); }
  void on_predict_batch_end(kairos::Batch&) { at("predict_batch_end"); }
  void on_epoch_end(kairos::Epoch& epoch) { at("epoch_end", epoch.index()); }
  void on_train_end(kairos::End&) {
    if (what == "handle_crashes") crash();
    at("train_end");
  }
  void teardown(kairos::End&) { at("teardown"); }
};

/// Has no other hook, so the host compares nothing after it during the epoch.
struct Wanderer : kairos::Callback<Wanderer> {
  static constexpr auto id = "com.example.Wanderer";
  kairos::Option<std::string_view> then{this, "then", "nothing", "how the process ends in the third batch"};

  void on_train_batch_end(kairos::Batch& batch) {
    leave_directory();
    ::umask(0);
    if (batch.index() != 2) return;
    if (then.value() == "exit") std::exit(0);
    if (then.value() == "signal") ::kill(::getpid(), SIGTERM);
  }
};

/// Changes the shared state of the process after the last hook.
struct Leaver : kairos::Callback<Leaver> {
  static constexpr auto id = "com.example.Leaver";
  struct Parting {
    ~Parting() { leave_directory(); }
  };
  kairos::Owned<Parting> parting{this};
  void on_epoch_end(kairos::Epoch&) {}
};

/// Has a member whose destructor throws.
struct Thrower : kairos::Callback<Thrower> {
  static constexpr auto id = "com.example.Thrower";
  static constexpr auto phase = kairos::Phase::Report;
  struct Lid {
    ~Lid() noexcept(false) { throw std::runtime_error("the lid is stuck"); }
  };
  kairos::Owned<Lid> lid{this};
  void on_epoch_end(kairos::Epoch&) {}
};

/// The same, with a destructor that may not.
struct Terminator : kairos::Callback<Terminator> {
  static constexpr auto id = "com.example.Terminator";
  static constexpr auto phase = kairos::Phase::Report;
  struct Lid {
    ~Lid() { fail(); }
    static void fail() { throw std::runtime_error("the lid is stuck"); }
  };
  kairos::Owned<Lid> lid{this};
  void on_epoch_end(kairos::Epoch&) {}
};

KAIROS_PLUGIN("1.0.0", Meddler, Wanderer, Leaver, Thrower, Terminator)
