// SPDX-License-Identifier: MIT
// Checks a plugin file without running any of its code.
#pragma once

#include <filesystem>

#include "kairos/host/plugins.hpp"
#include "plugin/elf/library_index.hpp"

namespace kairos::host {

/// What was read of a plugin: all of it, or everything up to the refusal.
struct Inspection {
  Plugin plugin;                     ///< the manifest is empty if it could not be read
  std::optional<Diagnosis> refusal;  ///< empty if the plugin can be loaded
};

/// Checks `file` (absolute) as the dynamic linker would and reads its manifest. No content of the file makes
/// it throw.
[[nodiscard]] Inspection inspect(const std::filesystem::path& file, LibraryIndex& libraries);

}  // namespace kairos::host
