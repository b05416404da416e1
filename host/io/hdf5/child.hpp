// SPDX-License-Identifier: MIT
// What the child processes have in common in which the HDF5 library reads. For hdf5_*.cpp only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace kairos::host {

/// fork() while no other thread writes with HDF5: what such a one has changed half would be the child's for
/// ever.
[[nodiscard]] pid_t fork_hdf5_child();

/// In the child: it must die quietly, take no more memory than there is, and must not run handlers that
/// belong to the program it was copied from.
void prepare_hdf5_child();

/// In the child: from now on it may take as much processor time as `bytes` of a file are worth, and then
/// dies.
void limit_hdf5_child(std::uint64_t bytes);

/// In the parent: throws the error about a child that could not be started, or that ended with `status` (of
/// waitpid) before it had an answer.
[[noreturn]] void no_hdf5_child(const std::string& origin);
[[noreturn]] void hdf5_child_died(int status, const std::string& origin);

}  // namespace kairos::host
