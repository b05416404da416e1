// SPDX-License-Identifier: MIT
// Whole outputs, in which a name from a file must not control the terminal.
#pragma once

#include <string>
#include <string_view>

namespace kairos::host::cli {

/// With control characters (C0, DEL and C1) other than line breaks and tabs as \u001b, so that JSON keeps its
/// meaning. printable() of base/ is for names in messages.
[[nodiscard]] std::string printable_lines(std::string_view text);

}  // namespace kairos::host::cli
