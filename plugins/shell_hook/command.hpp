// SPDX-License-Identifier: MIT
// A shell command in a process of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

namespace kairos::plugins {

/// The environment of this process ("NAME=value") with `variables` added; what a ShellHook around this
/// process has set is not inherited. Call it on the fit thread.
[[nodiscard]] std::vector<std::string> environment_with(const std::vector<std::string>& variables);

/// Whether the exit codes of children get lost, because SIGCHLD is ignored.
[[nodiscard]] bool loses_exit_codes();

/// Runs `/bin/sh -c command` and waits for it. It has an empty standard input, the default signal mask and
/// handlers, no descriptor of this process and its own process group, which is ended after `timeout`. "" if
/// its exit code is 0, else what it did, with the last line that it printed. Once `interrupted`, which may be
/// null, is true, the command is ended, which is no fault.
[[nodiscard]] std::string fault_of_command(const std::string& command,
                                           const std::vector<std::string>& environment,
                                           std::chrono::nanoseconds timeout,
                                           const std::atomic<bool>* interrupted);

}  // namespace kairos::plugins
