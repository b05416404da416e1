// SPDX-License-Identifier: MIT
// A callback that ends the process does not take the trained model with it.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "plugin/run/breadcrumb.hpp"

namespace kairos::host::cli {

/// While it lives, exit and quick_exit are not the program's own calls: the process then ends with exit code
/// 7 and a message that names the callback whose hook called them. One at a time; made by the thread that
/// runs the callbacks. A call of _exit cannot be seen.
class ExitWatch {
 public:
  ExitWatch();
  ~ExitWatch();
  ExitWatch(const ExitWatch&) = delete;
  ExitWatch& operator=(const ExitWatch&) = delete;

  /// From now on the process ends only after `save`, which writes what the run is to leave behind and returns
  /// what was saved. For a call from another thread, `stop` asks the run to end first. `save` is called on
  /// the thread that runs the callbacks; on the one that called exit where the first has been inside the same
  /// hook for seconds, which may wait for the other.
  void before_exit(std::function<std::string()> save, std::function<void()> stop);

  /// To be called when the run has ended: where another thread waits in exit, saves and ends the process.
  void let_exit_go_on();
  /// For a run whose thread a hook has ended with pthread_exit: saves and ends the process.
  [[noreturn]] void end_for_thread_exit();

 private:
  static void on_exit_call();
  void exit_called();
  /// Returns where the run will not end by itself: its thread does not leave a hook.
  void wait_for_the_run() const;
  std::string save();
  [[noreturn]] void end(const char* code, const std::string& where, const std::string& what);
  [[noreturn]] void save_and_end(const char* code, const std::string& where, const std::string& what);

  int process_;
  std::thread::id thread_ = std::this_thread::get_id();
  /// What the thread that runs the callbacks is inside of. Other threads look without a lock: each hook costs
  /// nothing then, and a name may be one hook too old.
  const Breadcrumb* running_;
  std::function<std::string()> save_;
  std::function<void()> stop_;
  std::string caller_, call_;  ///< of an exit on another thread
  std::atomic<bool> exit_waits_ = false;
  std::atomic<bool> named_ = false;  ///< caller_ and call_ are complete
  std::atomic<bool> ends_ = false;   ///< one thread saves, and ends the process
  std::atomic<std::thread::id> ender_;
};

}  // namespace kairos::host::cli
