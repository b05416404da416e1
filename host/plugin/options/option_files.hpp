// SPDX-License-Identifier: MIT
// Options that are paths, before any plugin's code is loaded.
#pragma once

#include <filesystem>
#include <string>

#include "kairos/host/plugins.hpp"
#include "plugin/options/options.hpp"
#include "plugin/run/file_guard.hpp"

namespace kairos::host {

/// An instance, as far as its options say which files it reads and writes.
struct OptionFiles {
  const CallbackManifest& callback;
  const ResolvedOptions& options;
  const std::string& instance;  ///< its name
};

/// Tells the guard what the instance reads.
void add_read_options(FileGuard& guard, const OptionFiles& files);

/// Tells the guard what the instance writes. `base` is the directory that relative paths were taken from.
/// Throws Error(Plugin) KAIROS-O040 … O043 for a file that must not be replaced. Comes after the files that
/// all instances read.
void add_written_options(FileGuard& guard, const OptionFiles& files, const std::filesystem::path& base);

}  // namespace kairos::host
