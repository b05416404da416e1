// SPDX-License-Identifier: MIT
// The temporary files of AtomicFile: how they are called, and what becomes of those whose process has died.
#pragma once

#include <filesystem>
#include <string>

namespace kairos::host {

/// ".kairos-MACHINE-PROCESS-RANDOM.tmp": short, so that it is valid wherever the final name is.
[[nodiscard]] std::string temporary_name();

/// Whether this process has locked the new temporary file, which keeps it from being removed as long as the
/// descriptor is open. False if it has been removed already. A file system without locks is no failure.
[[nodiscard]] bool hold_temporary(int descriptor);

/// Removes the temporary files in `directory` that a killed process or a power cut has left. Those of live
/// processes are locked and stay, and so do files of other names, of other users, and of other machines
/// unless they are older than a day (on a network file system, locks may not reach other machines). Failures
/// do not matter.
void remove_dead_temporaries(const std::filesystem::path& directory) noexcept;

}  // namespace kairos::host
