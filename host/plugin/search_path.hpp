// SPDX-License-Identifier: MIT
// The files in a plugin directory.
#pragma once

#include <filesystem>
#include <vector>

namespace kairos::host {

/// All entries whose names end in ".so" and do not begin with '.', sorted by name: also those that are no
/// files, because a refusal tells more than silence. Throws Error(Plugin) if the directory cannot be read.
[[nodiscard]] std::vector<std::filesystem::path> plugin_files(const std::filesystem::path& directory);

}  // namespace kairos::host
