// SPDX-License-Identifier: MIT
// Reads the text of one option as a value of its declared type.
#pragma once

#include <optional>
#include <string_view>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// The value, or nothing if `text` is not of this KAIROS_TYPE_…. Text types (string, enum, path, metric,
/// expression) accept any text. Independent of the locale.
[[nodiscard]] std::optional<OptionValue> parse_value(std::int32_t type, std::string_view text);

/// "a whole number, such as 10": what parse_value expects.
[[nodiscard]] std::string_view value_syntax(std::int32_t type) noexcept;

/// True if `value` is within the option's bounds, or the option has none.
[[nodiscard]] bool within_bounds(const OptionSpec& option, const OptionValue& value);

/// "at least 0 and less than 1 epochs"; "" if there are no bounds.
[[nodiscard]] std::string bounds_text(const OptionSpec& option);

}  // namespace kairos::host
