// SPDX-License-Identifier: MIT
// The memory that is available for the size that a file declares, checked before any of it is allocated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "kairos/host/error.hpp"

namespace kairos::host {

/// Bytes that this process can still allocate: what the machine has free or can free, including swap, within
/// the limits of its control groups and of the process (RLIMIT_AS, RLIMIT_DATA). UINT64_MAX if no limit is
/// known. `root` is the directory that contains /proc and /sys; for tests.
[[nodiscard]] std::uint64_t available_memory(const std::filesystem::path& root = "/");

/// The error that `require_memory` throws. By default that of a data set.
struct MemoryError {
  ErrorKind kind = ErrorKind::Data;
  const char* code = "KAIROS-D340";
  const char* cure = "Check that this is the intended file; stream it, or use a machine with more memory";
};

/// For files that cannot be streamed: models, JSON.
inline constexpr MemoryError whole_file_error{
    ErrorKind::File, "KAIROS-F084",
    "Check that this is the intended file, or use a machine with more memory"};

/// Throws `error` if `bytes` for the contents of `origin` exceed the available memory. Amounts up to 16 MiB,
/// together with the `earlier` bytes already allocated for the same file, are not checked and cost nothing.
void require_memory(const std::string& origin, std::uint64_t bytes, const MemoryError& error = {},
                    std::uint64_t earlier = 0);

}  // namespace kairos::host
