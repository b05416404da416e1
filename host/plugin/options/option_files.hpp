// SPDX-License-Identifier: MIT
// Registers the files that path options name, before any code of a plugin is loaded.
#pragma once

#include <filesystem>
#include <string>

#include "kairos/host/plugins.hpp"
#include "plugin/options/options.hpp"
#include "plugin/run/file_guard.hpp"

namespace kairos::host {

/// The part of an instance that says which files it reads and writes.
struct OptionFiles {
  const CallbackManifest& callback;
  const ResolvedOptions& options;
  const std::string& instance;  ///< its name
};

/// Registers what the instance reads.
void add_read_options(FileGuard& guard, const OptionFiles& files);

/// Registers what the instance writes. `base` is the directory that relative paths refer to. Throws
/// Error(Plugin) KAIROS-O040 … O043 for a file that must not be replaced. Call it after the files that all
/// instances read are registered.
void add_written_options(FileGuard& guard, const OptionFiles& files, const std::filesystem::path& base);

}  // namespace kairos::host
