// SPDX-License-Identifier: MIT
// The escapes are those of JSON, so that a JSON document stays one.
#include "cli/printable_lines.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace kairos::host::cli {

std::string printable_lines(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if ((byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7F)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
    else if (byte == 0xC2 && next >= 0x80 && next < 0xA0)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    else
      out += text[i];
  }
  return out;
}

}  // namespace kairos::host::cli
