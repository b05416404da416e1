// SPDX-License-Identifier: MIT
// What a crash handler writes.
#pragma once

namespace kairos::host {

/// For the handler of SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT, with the context that it received: writes
/// one line to `descriptor` that names the plugin whose hook, task or thread crashed, or says that no plugin
/// was running. Async-signal-safe.
void write_crash_line(int descriptor, int signal, const void* context) noexcept;

}  // namespace kairos::host
