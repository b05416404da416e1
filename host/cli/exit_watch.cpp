// SPDX-License-Identifier: MIT
// An atexit handler runs inside the call of exit, so the breadcrumb still names the hook that called it.
#include "cli/exit_watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "cli/exit_codes.hpp"
#include "cli/field_flags.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

/// For the handlers.
std::atomic<ExitWatch*> watching{nullptr};

/// Another thread ends the process.
[[noreturn]] void wait_for_the_end() {
  for (;;) ::pause();
}

}  // namespace

ExitWatch::ExitWatch() : process_(::getpid()), running_(&breadcrumb) {
  watching = this;
  std::atexit(on_exit_call);
  std::at_quick_exit(on_exit_call);
}

ExitWatch::~ExitWatch() {
  let_exit_go_on();
  watching = nullptr;
}

void ExitWatch::before_exit(std::function<std::string()> save, std::function<void()> stop) {
  save_ = std::move(save);
  stop_ = std::move(stop);
  // Registered again: handlers run in reverse order, so this one precedes destructors of later objects.
  std::atexit(on_exit_call);
  std::at_quick_exit(on_exit_call);
}

void ExitWatch::on_exit_call() {
  ExitWatch* const watch = watching.load();
  // A forked child may exit.
  if (watch == nullptr || watch->process_ != ::getpid()) return;
  // A handler runs once; other threads may still call exit.
  std::atexit(on_exit_call);
  std::at_quick_exit(on_exit_call);
  watch->exit_called();
}

void ExitWatch::exit_called() {
  const bool own_thread = std::this_thread::get_id() == thread_;
  const bool own_save = ends_ && std::this_thread::get_id() == ender_.load();
  if (ends_ && !own_save) wait_for_the_end();
  const Breadcrumb own = breadcrumb.now();
  const bool in_plugin = own.hook != nullptr;
  const Breadcrumb at = in_plugin ? own : running_->now();
  const std::string where = at.hook != nullptr ? fmt::format("{} ({})", at.instance, at.file) : "the process";
  const char* const elsewhere = own_thread ? "" : ", on another thread";
  std::string what = fmt::format("exit was called outside all hooks{}", elsewhere);
  if (in_plugin)
    what = fmt::format("exit was called in {}{}", at.hook, elsewhere);
  else if (at.hook != nullptr)
    what = fmt::format("exit was called on another thread while {} ran", at.hook);
  if (own_save) save_and_end("KAIROS-C010", where, what);  // in state_save
  if (own_thread || !stop_) end("KAIROS-C010", where, what);
  if (exit_waits_.exchange(true)) wait_for_the_end();
  caller_ = where;
  call_ = what;
  named_ = true;
  stop_();
  wait_for_the_run();
  end("KAIROS-C011", where, what + ", and the run did not end by itself");
}

void ExitWatch::wait_for_the_run() const {
  using Clock = std::chrono::steady_clock;
  constexpr auto orderly_end = std::chrono::seconds(3);
  constexpr auto look = std::chrono::milliseconds(20);
  Breadcrumb hook = running_->now();
  for (Clock::time_point since = Clock::now(); Clock::now() - since < orderly_end || ends_;) {
    std::this_thread::sleep_for(look);
    const Breadcrumb now = running_->now();
    if (now.hook != nullptr && now.hook == hook.hook && now.instance == hook.instance) continue;
    hook = now;
    since = Clock::now();
  }
}

void ExitWatch::let_exit_go_on() {
  if (!exit_waits_) return;
  while (!named_) std::this_thread::yield();
  end("KAIROS-C010", caller_, call_);
}

void ExitWatch::end_for_thread_exit() {
  end("KAIROS-C012", "the thread that trains", "a hook ended it (pthread_exit)");
}

std::string ExitWatch::save() {
  if (!save_) return "Nothing was saved";
  try {
    return save_();
  } catch (const std::exception& error) {
    return std::string("The results could not be saved: ") + error.what();
  }
}

void ExitWatch::end(const char* code, const std::string& where, const std::string& what) {
  if (ends_.exchange(true)) wait_for_the_end();
  ender_ = std::this_thread::get_id();
  save_and_end(code, where, what);
}

void ExitWatch::save_and_end(const char* code, const std::string& where, const std::string& what) {
  const Diagnosis diagnosis{code,
                            where,
                            what,
                            "",
                            "a hook that returns, with an error if it failed",
                            save() + ". Leave this --plugin out, and report it to its author"};
  // On a terminal, the line may hold a progress bar.
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  const std::string line = (on_terminal ? "\n" : "") + with_flags(diagnosis).text() + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  std::fflush(stdout);
  ::_exit(exit_code(ErrorKind::Callback));
}

}  // namespace kairos::host::cli
