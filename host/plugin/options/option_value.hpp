// SPDX-License-Identifier: MIT
// Reads the text of one option as a value of its declared type.
#pragma once

#include <optional>
#include <string_view>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// The value, or nothing if `text` is not of this KAIROS_TYPE_…. Texts of every kind (string, enum, path,
/// metric, expression) are taken as they are. Never depends on the locale.
[[nodiscard]] std::optional<OptionValue> parse_value(std::int32_t type, std::string_view text);

/// "a whole number, such as 10": what parse_value expects.
[[nodiscard]] std::string_view value_syntax(std::int32_t type) noexcept;

/// True if `value` lies in what the option allows. Text, and options without bounds, always do.
[[nodiscard]] bool within_bounds(const OptionSpec& option, const OptionValue& value);

/// "at least 0 and less than 1 epochs"; "" if there are no bounds.
[[nodiscard]] std::string bounds_text(const OptionSpec& option);

}  // namespace kairos::host
