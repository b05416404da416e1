// SPDX-License-Identifier: MIT
// Files that appear whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kairos::plugins::tensorboard {

/// Writes a file under a temporary name beside it, then renames it: a reader sees the old content or the
/// new. Throws kairos::Error.
void write_text_file(const std::filesystem::path& file, std::string_view content);

/// Throws kairos::Error unless `file` is a regular file that can be read.
[[nodiscard]] std::string read_text_file(const std::filesystem::path& file);

}  // namespace kairos::plugins::tensorboard
