// SPDX-License-Identifier: MIT
// How much memory there is for what a file declares, before any of it is taken.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace kairos::host {

/// Bytes that this process can still take: what the machine has free or can free, with swap, within the
/// limits of its control groups and of the process (RLIMIT_AS, RLIMIT_DATA). UINT64_MAX if nothing says so.
/// `root` is where /proc and /sys are; for tests.
[[nodiscard]] std::uint64_t available_memory(const std::filesystem::path& root = "/");

/// Throws Error(Data) if `bytes` for the values of `origin` are more than that; `cure` is what to do then.
/// Small amounts cost nothing.
void require_memory(const std::string& origin, std::uint64_t bytes,
                    const char* cure =
                        "Check that the file is what you mean; stream it, or use a machine with "
                        "more memory");

}  // namespace kairos::host
