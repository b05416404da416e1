// SPDX-License-Identifier: MIT
// Parses JSON from untrusted files with limits on depth and size.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace kairos::host {

enum class JsonDialect {
  Strict,  ///< RFC 8259
  Python,  ///< also the bare words NaN, Infinity and -Infinity, which become numbers
};

/// Objects and arrays may be nested 256 levels deep, and the text may be 64 MiB long. `origin` is the name
/// used in messages: "model.json". Throws Error(File) with line and column.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, std::string_view origin,
                                        JsonDialect dialect = JsonDialect::Strict);

/// The same for a file.
[[nodiscard]] nlohmann::json read_json(const std::filesystem::path& path,
                                       JsonDialect dialect = JsonDialect::Strict);

/// Where the string that opens at `i` ends: at its closing quote, or at the end of the text.
[[nodiscard]] std::size_t end_of_json_string(std::string_view text, std::size_t i);

}  // namespace kairos::host
