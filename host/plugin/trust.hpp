// SPDX-License-Identifier: MIT
// Whether other users can decide which code is loaded.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace kairos::host {

/// Why somebody other than root and the user could replace this file, or put files into this directory; ""
/// if nobody could. Checks owner and mode of the path, of all directories above it, and of the links that
/// lead to it. In a directory with the sticky bit, such as /tmp, only the owner of an entry can replace it. A
/// group whose only member is the user counts as the user.
[[nodiscard]] std::string distrust(const std::filesystem::path& path);

/// One sentence for each directory and file that cannot be trusted. Files are reported only if their
/// directory can be trusted.
[[nodiscard]] std::vector<std::string> plugin_warnings(std::span<const std::filesystem::path> directories,
                                                       std::span<const std::filesystem::path> files);

}  // namespace kairos::host
