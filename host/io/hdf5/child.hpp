// SPDX-License-Identifier: MIT
// Common to the child processes that read with the HDF5 library. For hdf5_*.cpp only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace kairos::host {

/// fork() while no other thread writes with HDF5: the child would keep state that is half updated.
[[nodiscard]] pid_t fork_hdf5_child();

/// In the child: end silently on crashes, limit memory to what is available, and reset the signal handlers
/// inherited from the parent.
void prepare_hdf5_child();

/// In the child: allow the processor time that `bytes` of a file justify, and end the process after that.
void limit_hdf5_child(std::uint64_t bytes);

/// In the parent: throws the error about a child that could not be started, or that ended with `status` (of
/// waitpid) before it answered.
[[noreturn]] void no_hdf5_child(const std::string& origin);
[[noreturn]] void hdf5_child_died(int status, const std::string& origin);

}  // namespace kairos::host
