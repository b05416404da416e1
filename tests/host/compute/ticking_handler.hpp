// SPDX-License-Identifier: MIT
// A signal handler that ticks on every thread of the team and checks the stack pointer.
#pragma once

#include <pthread.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

#include "compute/parallel.hpp"

namespace kairos::tests {

/// While it exists, every thread of a team of `threads` gets SIGUSR2 some thousand times per second. The
/// handler has its own stack, so that nothing is overwritten if the stack pointer is not on the thread's
/// stack.
class TickingHandler {
 public:
  explicit TickingHandler(int threads) {
    ticks = 0;
    astray = 0;
    struct sigaction action {};
    action.sa_sigaction = on_tick;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    ::sigaction(SIGUSR2, &action, &before_);
    kairos::host::on_each_thread(threads, [this] {
      prepare_this_thread();
      const std::lock_guard lock(mutex_);
      threads_.push_back(pthread_self());
    });
    ticker_ = std::thread([this] {
      while (!ending_) {
        for (const pthread_t thread : threads_) ::pthread_kill(thread, SIGUSR2);
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    });
  }
  ~TickingHandler() {
    ending_ = true;
    ticker_.join();
    // A pending tick would end the process; ignoring the signal discards it.
    std::signal(SIGUSR2, SIG_IGN);
    ::sigaction(SIGUSR2, &before_, nullptr);
  }
  TickingHandler(const TickingHandler&) = delete;
  TickingHandler& operator=(const TickingHandler&) = delete;

  static inline std::atomic<long> ticks{0};
  static inline std::atomic<long> astray{0};  ///< ticks that found the stack pointer off the thread's stack

 private:
  static void prepare_this_thread() {
    static thread_local std::vector<char> own_stack(std::size_t{1} << 16);
    const stack_t stack{own_stack.data(), 0, own_stack.size()};
    ::sigaltstack(&stack, nullptr);
    pthread_attr_t attributes;
    ::pthread_getattr_np(pthread_self(), &attributes);
    void* lowest = nullptr;
    std::size_t size = 0;
    ::pthread_attr_getstack(&attributes, &lowest, &size);
    ::pthread_attr_destroy(&attributes);
    stack_begin = static_cast<char*>(lowest);
    stack_end = stack_begin + size;
  }

  static void on_tick(int, siginfo_t*, void* context) {
    ++ticks;
#if defined(__x86_64__)
    const auto at = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RSP];
    const char* const pointer = reinterpret_cast<const char*>(at);
    if (stack_begin != nullptr && (pointer < stack_begin || pointer >= stack_end)) ++astray;
#else
    static_cast<void>(context);
#endif
  }

  static inline thread_local constinit char* stack_begin = nullptr;
  static inline thread_local constinit char* stack_end = nullptr;

  struct sigaction before_ {};
  std::mutex mutex_;
  std::vector<pthread_t> threads_;
  std::atomic<bool> ending_ = false;
  std::thread ticker_;
};

}  // namespace kairos::tests
