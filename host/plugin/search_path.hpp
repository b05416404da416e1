// SPDX-License-Identifier: MIT
// The files in a plugin directory.
#pragma once

#include <filesystem>
#include <vector>

namespace kairos::host {

/// All entries whose names end in ".so" and do not begin with '.', sorted by name. Entries that are not files
/// are included, so that they are refused with a reason. Throws Error(Plugin) if the directory cannot be
/// read.
[[nodiscard]] std::vector<std::filesystem::path> plugin_files(const std::filesystem::path& directory);

}  // namespace kairos::host
