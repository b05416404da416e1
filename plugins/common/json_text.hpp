// SPDX-License-Identifier: MIT
// Writes texts and numbers as JSON.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "text.hpp"

namespace kairos::plugins {

/// `text`, which is UTF-8, in quotation marks.
[[nodiscard]] inline std::string json_text(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// A number with all its digits; the texts "NaN", "Infinity" and "-Infinity" where JSON has no number.
[[nodiscard]] inline std::string json_number(double value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  return shortest(value);
}

}  // namespace kairos::plugins
