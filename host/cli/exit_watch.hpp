// SPDX-License-Identifier: MIT
// A callback that ends the process does not take the trained model with it.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

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
  /// what was saved. It is called on the thread that runs the callbacks. For a call from another thread,
  /// while the model is being trained, `stop` asks the run to end first.
  void before_exit(std::function<std::string()> save, std::function<void()> stop);

  /// To be called when the run has ended: where another thread waits in exit, saves and ends the process.
  void let_exit_go_on();
  /// For a run whose thread a hook has ended with pthread_exit: saves and ends the process.
  [[noreturn]] void end_for_thread_exit();

 private:
  static void on_exit_call();
  void exit_called();
  std::string save();
  [[noreturn]] void end(const char* code, const std::string& where, const std::string& what);

  int process_;
  std::thread::id thread_ = std::this_thread::get_id();
  std::function<std::string()> save_;
  std::function<void()> stop_;
  std::string caller_, call_;  ///< of an exit on another thread
  std::atomic<bool> exit_waits_ = false;
};

}  // namespace kairos::host::cli
