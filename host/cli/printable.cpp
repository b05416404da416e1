// SPDX-License-Identifier: MIT
// The escapes are those of JSON, so that a JSON document stays one.
#include "cli/printable.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace kairos::host::cli {

namespace {

std::string escaped(std::string_view text, std::string_view kept) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if ((byte < ' ' && kept.find(text[i]) == std::string_view::npos) || byte == 0x7F)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
    else if (byte == 0xC2 && next >= 0x80 && next < 0xA0)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    else
      out += text[i];
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) {
  return escaped(text, "");
}

std::string printable_lines(std::string_view text) {
  return escaped(text, "\n\t");
}

}  // namespace kairos::host::cli
