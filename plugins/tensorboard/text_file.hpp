// SPDX-License-Identifier: MIT
// Text files, written atomically.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kairos::plugins::tensorboard {

/// Writes a temporary file in the same directory and renames it, so that readers see the old or the new
/// content. Throws kairos::Error.
void write_text_file(const std::filesystem::path& file, std::string_view content);

/// Throws kairos::Error unless `file` is a readable regular file.
[[nodiscard]] std::string read_text_file(const std::filesystem::path& file);

}  // namespace kairos::plugins::tensorboard
