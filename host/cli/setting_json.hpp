// SPDX-License-Identifier: MIT
// Settings in RUN.json: what a flag would have given, and back.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/settings_table.hpp"

namespace kairos::host::cli {

/// The value of a key as the texts that flags would have given. Throws Error(Usage) for a plugin with unknown
/// keys.
[[nodiscard]] std::vector<std::string> texts_of(const Setting& setting, const nlohmann::json& value,
                                                const std::string& where);

/// The inverse; null for no texts.
[[nodiscard]] nlohmann::ordered_json json_of(const Setting& setting, std::span<const std::string> texts);

}  // namespace kairos::host::cli
