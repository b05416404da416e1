// SPDX-License-Identifier: MIT
// Begins message passing.
#pragma once

#include <memory>

#include "dist/message_passing.hpp"

namespace kairos::host {

/// The file of the shared object that has MPI.
inline constexpr const char* mpi_file = "libkairos_mpi.so";

/// Loads it from ../lib/kairos, seen from the directory of the program. Throws Error(Usage)
/// KAIROS-U110 if it or MPI is missing, or is of another release.
[[nodiscard]] std::unique_ptr<MessagePassing> start_message_passing();

/// The number of processes that a starter of MPI programs (mpirun, srun) says it has started; 1 if none did.
[[nodiscard]] int processes_started();

}  // namespace kairos::host
