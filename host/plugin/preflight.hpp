// SPDX-License-Identifier: MIT
// Decides about a file without running any of it.
#pragma once

#include <filesystem>

#include "kairos/host/plugins.hpp"
#include "plugin/elf/library_index.hpp"

namespace kairos::host {

/// What could be read of a plugin: complete, or up to the point where it was refused.
struct Inspection {
  Plugin plugin;                     ///< the manifest is empty if it could not be read
  std::optional<Diagnosis> refusal;  ///< empty if the plugin may be loaded
};

/// Checks `file` (absolute) as the system's loader would and reads its manifest. Never throws for what is in
/// the file.
[[nodiscard]] Inspection inspect(const std::filesystem::path& file, LibraryIndex& libraries);

}  // namespace kairos::host
