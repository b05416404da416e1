// SPDX-License-Identifier: MIT
// How the program handles signals.
#pragma once

#include <atomic>
#include <string>

namespace kairos::host::cli {

/// To be called first in main. Afterwards, writing to a closed pipe or beyond the file size limit fails with
/// an error instead of ending the process, and a crash names the plugin that was running, or says that none
/// was. Programs that a plugin starts inherit the original handlers.
void prepare_signals();

struct InterruptTexts {
  std::string when;     ///< "after this batch": when the run stops
  std::string lost;     ///< what is lost if the process quits now
  bool silent = false;  ///< another rank says so
};

/// The number of the first SIGINT, SIGTERM, SIGHUP or SIGUSR1, 0 for none. From the first call on, for the
/// whole process, the first signal requests an orderly end. The same signal within a second is ignored; later
/// it ends the process at once. A SIGHUP or SIGUSR1 that was ignored when the program started (nohup) stays
/// ignored; a SIGINT does not, because shells ignore it for background jobs. The handlers never block: a line
/// that cannot be written at once is dropped. A hook or background task that keeps the run of the calling
/// thread from ending for a second is named.
[[nodiscard]] const std::atomic<int>& watch_interrupts(const InterruptTexts& texts);

/// Like the signal, but prints nothing. Async-signal-safe.
void interrupt_as(int signal);

/// From now on the first signal is answered with "saving".
void interrupts_find_saving();

/// "interrupted by SIGTERM", how reports of a run that a signal ended begin.
[[nodiscard]] std::string interrupted_by(int signal);

}  // namespace kairos::host::cli
