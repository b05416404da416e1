// SPDX-License-Identifier: MIT
// Texts in CSV files.
#pragma once

#include <string>

namespace kairos::plugins {

/// `text`, in quotation marks if it has separators, quotation marks or line breaks (RFC 4180).
[[nodiscard]] inline std::string csv_text(const std::string& text, char separator = ',') {
  if (text.find_first_of(std::string("\"\r\n") + separator) == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

}  // namespace kairos::plugins
