// SPDX-License-Identifier: MIT
// Whether others decide what code is loaded.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace kairos::host {

/// Why somebody other than root and the user could replace this file, or put files into this directory; ""
/// if nobody could. Looks at its owner and mode, at those of all directories above it, and at the links that
/// lead to it and the directories that these stand in. In a directory
/// with the sticky bit, such as /tmp, only the owner of an entry can replace it. The group of a user that
/// has no other member is the user.
[[nodiscard]] std::string distrust(const std::filesystem::path& path);

/// A sentence for each directory and file that cannot be trusted; of a file only where its directory can be.
[[nodiscard]] std::vector<std::string> plugin_warnings(std::span<const std::filesystem::path> directories,
                                                       std::span<const std::filesystem::path> files);

}  // namespace kairos::host
