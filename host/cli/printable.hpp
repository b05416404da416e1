// SPDX-License-Identifier: MIT
// Names from files must not control the terminal.
#pragma once

#include <string>
#include <string_view>

namespace kairos::host::cli {

/// With control characters (also DEL, and those of U+0080 to U+009F) as \u001b. For names.
[[nodiscard]] std::string printable(std::string_view text);
/// The same, but line breaks and tabs stay. For whole outputs; JSON keeps its meaning.
[[nodiscard]] std::string printable_lines(std::string_view text);

}  // namespace kairos::host::cli
