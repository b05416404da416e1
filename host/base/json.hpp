// SPDX-License-Identifier: MIT
// Parses JSON of any origin with bounds on its depth and size.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace kairos::host {

enum class JsonDialect {
  Strict,  ///< RFC 8259
  Python,  ///< and the bare words NaN, Infinity and -Infinity, which become numbers
};

/// Objects and arrays may be nested 256 deep, the text 64 MiB long. `origin` is what messages name:
/// "model.json". Throws Error(File) with line and column.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, std::string_view origin,
                                        JsonDialect dialect = JsonDialect::Strict);

/// The same for a file.
[[nodiscard]] nlohmann::json read_json(const std::filesystem::path& path,
                                       JsonDialect dialect = JsonDialect::Strict);

}  // namespace kairos::host
