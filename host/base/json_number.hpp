// SPDX-License-Identifier: MIT
// Numbers as JSON. Those that JSON lacks are the texts "NaN", "Infinity", "-Infinity"; null means no value.
#pragma once

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace kairos::host {

[[nodiscard]] inline nlohmann::ordered_json json_number(std::optional<double> value) {
  if (!value) return nullptr;
  if (std::isnan(*value)) return "NaN";
  if (std::isinf(*value)) return *value > 0 ? "Infinity" : "-Infinity";
  return *value;
}

/// Sets `out` to what json_number wrote. False for any other value.
template <class Json>
[[nodiscard]] bool read_json_number(const Json& value, std::optional<double>& out) {
  out.reset();
  if (value.is_null()) return true;
  if (value.is_number())
    out = value.template get<double>();
  else if (value == "NaN")
    out = std::numeric_limits<double>::quiet_NaN();
  else if (value == "Infinity" || value == "-Infinity")
    out = value == "Infinity" ? std::numeric_limits<double>::infinity()
                              : -std::numeric_limits<double>::infinity();
  return out.has_value();
}

}  // namespace kairos::host
