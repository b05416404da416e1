// SPDX-License-Identifier: MIT
// Paths in RUN.json are relative to the directory of that file, on the command line to the current one.
#pragma once

#include <filesystem>
#include <string>

#include "cli/settings_table.hpp"

namespace kairos::host::cli {

/// The directory that paths in a configuration are relative to.
[[nodiscard]] std::filesystem::path directory_of_config(const std::filesystem::path& file);

/// A value of the setting with its relative path, if it has one, moved from `from` to `to`: the text names
/// the same file in both. Both are absolute.
[[nodiscard]] std::string moved_path(const Setting& setting, const std::string& text,
                                     const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace kairos::host::cli
