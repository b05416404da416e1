// SPDX-License-Identifier: MIT
// Commas, equal signs and blanks.
#include "word_list.hpp"

#include <algorithm>

namespace kairos::plugins::tensorboard {

namespace {

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
  const std::size_t last = text.find_last_not_of(blanks);
  return std::string(text.substr(first, last == std::string_view::npos ? 0 : last - first + 1));
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  if (trimmed(text).empty()) return words;
  for (std::size_t from = 0;;) {
    const std::size_t comma = text.find(',', from);
    words.push_back(trimmed(text.substr(from, comma - from)));
    if (comma == std::string_view::npos) return words;
    from = comma + 1;
  }
}

std::pair<std::string, std::string> pair_of(std::string_view word) {
  const std::size_t sign = word.find('=');
  if (sign == std::string_view::npos) return {"", trimmed(word)};
  return {trimmed(word.substr(0, sign)), trimmed(word.substr(sign + 1))};
}

std::string listed(const std::vector<std::string>& words, const char* none) {
  if (words.empty()) return none;
  std::string text = words.front();
  for (std::size_t i = 1; i < words.size(); ++i) text += (i + 1 < words.size() ? ", " : " and ") + words[i];
  return text;
}

}  // namespace kairos::plugins::tensorboard
