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
#include "plugin/breadcrumb.hpp"

namespace kairos::host::cli {

namespace {

constexpr int callback_failed = 7;

/// What the handlers reach.
std::atomic<ExitWatch*> watching{nullptr};

}  // namespace

ExitWatch::ExitWatch() : process_(::getpid()) {
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
  if (watch != nullptr && watch->process_ == ::getpid()) watch->exit_called();
}

void ExitWatch::exit_called() {
  const bool in_plugin = breadcrumb.hook != nullptr;
  const std::string where =
      in_plugin ? fmt::format("{} ({})", breadcrumb.instance, breadcrumb.file) : "the process";
  const std::string what = in_plugin ? fmt::format("exit was called in {}", breadcrumb.hook)
                                     : "exit was called outside of every hook";
  if (std::this_thread::get_id() == thread_ || !stop_) end("KAIROS-C010", where, what);
  caller_ = where;
  call_ = what;
  exit_waits_ = true;
  stop_();
  constexpr auto orderly_end = std::chrono::seconds(10);
  std::this_thread::sleep_for(orderly_end);
  save_ = nullptr;
  end("KAIROS-C011", where, what + " on another thread, and the run did not end by itself");
}

void ExitWatch::let_exit_go_on() {
  if (exit_waits_) end("KAIROS-C010", caller_, call_ + " on another thread");
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
  watching = nullptr;
  const Diagnosis diagnosis{code,
                            where,
                            what,
                            "",
                            "a hook that returns, with an error where it failed",
                            save() + ". Leave this --plugin out, and report it to its author"};
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", diagnosis.text().c_str());
  std::fflush(stderr);
  ::_exit(callback_failed);
}

}  // namespace kairos::host::cli
