// SPDX-License-Identifier: MIT
// What the program does about signals.
#pragma once

#include <atomic>
#include <string>

namespace kairos::host::cli {

/// From the first line of main on: what is written into a closed pipe or beyond the limit of a file's size
/// fails with an error instead of ending the process, and a crash inside a plugin names the plugin. Programs
/// that a plugin starts have the signals as they were.
void prepare_signals();

struct InterruptTexts {
  std::string when;  ///< "after this batch": when the run will have stopped
  std::string lost;  ///< what is lost by quitting now
};

/// Whether someone asked the program to end: the number of the first SIGINT, SIGTERM, SIGHUP or SIGUSR1, 0
/// for none. From the first call on, for the whole process, the first one asks for an orderly end; the same
/// one within a second is the same wish, later it ends the process at once. A SIGHUP or SIGUSR1 that was
/// ignored when the program started (nohup) stays ignored; a SIGINT (shells ignore it for what runs in the
/// background) does not.
/// Nothing of it waits for a reader: a line that cannot be written at once is left out.
[[nodiscard]] const std::atomic<int>& watch_interrupts(const InterruptTexts& texts);

/// As if the signal had come, but for what it prints. Async-signal-safe.
void interrupt_as(int signal);

/// From now on the first signal is answered with "saving" instead of when the run will have stopped.
void interrupts_find_saving();

/// "SIGTERM" for SIGTERM.
[[nodiscard]] std::string signal_name(int signal);

}  // namespace kairos::host::cli
