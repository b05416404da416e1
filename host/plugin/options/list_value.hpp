// SPDX-License-Identifier: MIT
// Options that are lists: "0.1,0.2".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// The KAIROS_TYPE_… that bounds and choices apply to: of a list, that of its items.
[[nodiscard]] std::int32_t type_of_value(const OptionSpec& option) noexcept;

/// The list with its items, or nothing if one of them is not of this type. Spaces around items do not count;
/// the empty text has no items.
[[nodiscard]] std::optional<OptionValue> parse_list(std::int32_t item_type, std::string_view text);

/// "whole numbers separated by commas, such as 10,20": what parse_list expects.
[[nodiscard]] std::string_view list_syntax(std::int32_t item_type) noexcept;

/// The first item that is out of bounds or none of the choices; null if there is none.
[[nodiscard]] const OptionValue* first_outside(const OptionSpec& option, const OptionValue& list);

}  // namespace kairos::host
