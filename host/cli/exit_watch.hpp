// SPDX-License-Identifier: MIT
// Saves the trained model if a callback ends the process.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "plugin/run/breadcrumb.hpp"

namespace kairos::host::cli {

/// While it exists, a call of exit or quick_exit is taken as a callback's: the process ends with exit code 7
/// and a message that names the callback whose hook called it. One at a time, created by the thread that runs
/// the callbacks. Calls of _exit cannot be detected.
class ExitWatch {
 public:
  ExitWatch();
  ~ExitWatch();
  ExitWatch(const ExitWatch&) = delete;
  ExitWatch& operator=(const ExitWatch&) = delete;

  /// From now on the process ends only after `save`, which writes the results and returns what was saved. For
  /// a call from another thread, `stop` first asks the run to end. `save` is called on the thread that runs
  /// the callbacks, or, if that has been inside the same hook for seconds, on the thread that called exit.
  void before_exit(std::function<std::string()> save, std::function<void()> stop);

  /// To be called after the run: if another thread waits in exit, saves and ends the process.
  void let_exit_go_on();
  /// For a run whose thread a hook ended with pthread_exit: saves and ends the process.
  [[noreturn]] void end_for_thread_exit();

 private:
  static void on_exit_call();
  void exit_called();
  /// Returns if the run does not end, because its thread does not leave a hook.
  void wait_for_the_run() const;
  std::string save();
  [[noreturn]] void end(const char* code, const std::string& where, const std::string& what);
  [[noreturn]] void save_and_end(const char* code, const std::string& where, const std::string& what);

  int process_;
  std::thread::id thread_ = std::this_thread::get_id();
  /// The hook that the thread of the callbacks is in. Other threads read it without a lock, so a hook costs
  /// nothing, and the name may be one hook old.
  const BreadcrumbSlot* running_;
  std::function<std::string()> save_;
  std::function<void()> stop_;
  std::string caller_, call_;  ///< of an exit on another thread
  std::atomic<bool> exit_waits_ = false;
  std::atomic<bool> named_ = false;  ///< caller_ and call_ are complete
  std::atomic<bool> ends_ = false;   ///< one thread saves, and ends the process
  std::atomic<std::thread::id> ender_;
};

}  // namespace kairos::host::cli
