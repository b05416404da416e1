// SPDX-License-Identifier: MIT
// What the records of a run say about the machine.
#pragma once

#include <string>

#include "cli/settings.hpp"
#include "kairos/host/run_notes.hpp"

namespace kairos::host::cli {

[[nodiscard]] std::string host_name();
/// "Intel(R) Xeon(R) …, AVX-512"
[[nodiscard]] std::string processor_name();
/// "1.0", of the ABI.
[[nodiscard]] std::string abi_version();

/// The settings in effect, as run.json has them, and the versions and the machine, for callbacks that write
/// reports. Secrets are hidden before (hide_secrets).
[[nodiscard]] RunNotes notes_of(const Settings& settings);

}  // namespace kairos::host::cli
