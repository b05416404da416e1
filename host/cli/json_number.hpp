// SPDX-License-Identifier: MIT
// Numbers in the JSON that the program prints.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace kairos::host::cli {

/// Numbers that JSON lacks are the texts "NaN", "Infinity", "-Infinity", as in history.json; null means no
/// value.
[[nodiscard]] inline nlohmann::ordered_json json_number(std::optional<double> value) {
  if (!value) return nullptr;
  if (std::isnan(*value)) return "NaN";
  if (std::isinf(*value)) return *value > 0 ? "Infinity" : "-Infinity";
  return *value;
}

}  // namespace kairos::host::cli
