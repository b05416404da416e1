// SPDX-License-Identifier: MIT
// Numbers as Python prints them.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace kairos::plugins {

/// As Python's repr: the shortest digits that read back as the same number, with ".0" for whole numbers.
[[nodiscard]] inline std::string python_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 32> text{};
  char* const begin = text.data();
  const std::string scientific(
      begin, std::to_chars(begin, begin + text.size(), value, std::chars_format::scientific).ptr);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  if (exponent < -4 || exponent >= 16) return scientific;
  const std::string fixed(begin,
                          std::to_chars(begin, begin + text.size(), value, std::chars_format::fixed).ptr);
  return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

}  // namespace kairos::plugins
