// SPDX-License-Identifier: MIT
// Texts that several callbacks print or read: numbers, lists, frequencies.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <kairos/error.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace kairos::plugins {

/// The shortest digits that read back as the same number; "nan", "inf" and "-inf" otherwise.
template <class Number>
[[nodiscard]] std::string shortest(Number value) {
  if (value != value) return "nan";  // whatever its sign
  std::array<char, 64> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// `text` without blanks at its ends.
[[nodiscard]] inline std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// Splits "a, b" into a and b; blanks around the words are removed. Empty for an empty text.
[[nodiscard]] inline std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  if (trimmed(text).empty()) return words;
  for (std::size_t from = 0;;) {
    const std::size_t comma = text.find(',', from);
    words.emplace_back(trimmed(text.substr(from, comma - from)));
    if (comma == std::string_view::npos) return words;
    from = comma + 1;
  }
}

/// The integer that `text` is, all of it; false if it is none.
[[nodiscard]] inline bool read_integer(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

/// 0 for "epoch", else the number of batches. Throws a sentence that names the option.
[[nodiscard]] inline std::int64_t read_frequency(std::string_view option, std::string_view text) {
  if (text == "epoch") return 0;
  std::int64_t batches = 0;
  if (!read_integer(text, batches) || batches < 1)
    throw Error(std::string(option) + " is \"" + std::string(text) +
                "\"; expected epoch, or a number of batches of 1 or more. Correct it");
  return batches;
}

}  // namespace kairos::plugins
