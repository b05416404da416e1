// SPDX-License-Identifier: MIT
// What the window of the terminal can show.
#pragma once

#include <cstddef>
#include <string_view>

namespace kairos::host::cli {

struct Window {
  std::size_t columns;
  std::size_t rows;
};

/// The window of standard output, else of standard error ("kairos fit --help | less"), else 100 x 30.
/// COLUMNS and LINES, if they are numbers, take precedence.
[[nodiscard]] Window window();

/// Width of each character is taken as 1; continuation bytes of UTF-8 do not count.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// Whether characters outside of ASCII are displayed: the locale of the environment is UTF-8 and TERM is not
/// "dumb".
[[nodiscard]] bool shows_unicode();

}  // namespace kairos::host::cli
