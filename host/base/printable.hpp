// SPDX-License-Identifier: MIT
// Text from files and plugins, before a terminal sees it.
#pragma once

#include <string>
#include <string_view>

namespace kairos::host {

/// The text with control characters (C0, DEL and C1) and bytes that are not UTF-8 as `\x1b`: they could
/// control a terminal. The result is one line.
[[nodiscard]] std::string printable(std::string_view text);
/// Whether that is the text itself; allocates nothing.
[[nodiscard]] bool is_printable(std::string_view text) noexcept;

}  // namespace kairos::host
