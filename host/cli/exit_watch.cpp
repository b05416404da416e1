// SPDX-License-Identifier: MIT
// Handlers of atexit run on the stack of the call: the hook that called exit has not been left yet.
#include "cli/exit_watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

constexpr int callback_failed = 7;

/// What the handlers reach.
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
  // Registered once more: the latest handler runs before what has been made since is destroyed.
  std::atexit(on_exit_call);
  std::at_quick_exit(on_exit_call);
}

void ExitWatch::on_exit_call() {
  ExitWatch* const watch = watching.load();
  // A forked child that a hook has made may end as it likes.
  if (watch == nullptr || watch->process_ != ::getpid()) return;
  // This one is used up; other threads may call exit until the process has ended.
  std::atexit(on_exit_call);
  std::at_quick_exit(on_exit_call);
  watch->exit_called();
}

void ExitWatch::exit_called() {
  const bool own_thread = std::this_thread::get_id() == thread_;
  const bool own_save = ends_ && std::this_thread::get_id() == ender_.load();
  if (ends_ && !own_save) wait_for_the_end();
  const bool in_plugin = breadcrumb.hook != nullptr;
  const Breadcrumb at = in_plugin ? breadcrumb : *running_;
  const std::string where = at.hook != nullptr ? fmt::format("{} ({})", at.instance, at.file) : "the process";
  const char* const elsewhere = own_thread ? "" : ", on another thread";
  std::string what = fmt::format("exit was called outside of every hook{}", elsewhere);
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
  Breadcrumb hook = *running_;
  for (Clock::time_point since = Clock::now(); Clock::now() - since < orderly_end || ends_;) {
    std::this_thread::sleep_for(look);
    const Breadcrumb now = *running_;
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
  end("KAIROS-C012", "the thread that trains", "a hook has ended it (pthread_exit)");
}

std::string ExitWatch::save() {
  if (!save_) return "Nothing was saved";
  try {
    return save_();
  } catch (const std::exception& error) {
    return std::string("What the run was to leave behind could not be saved: ") + error.what();
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
                            "a hook that returns, with an error where it failed",
                            save() + ". Leave this --plugin out, and report it to its author"};
  const std::string line = diagnosis.text() + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  std::fflush(stdout);
  ::_exit(callback_failed);
}

}  // namespace kairos::host::cli
