// SPDX-License-Identifier: MIT
// Commas, equal signs and blanks.
#include "word_list.hpp"

namespace kairos::plugins::tensorboard {

std::pair<std::string, std::string> pair_of(std::string_view word) {
  const std::size_t sign = word.find('=');
  if (sign == std::string_view::npos) return {"", std::string(trimmed(word))};
  return {std::string(trimmed(word.substr(0, sign))), std::string(trimmed(word.substr(sign + 1)))};
}

std::string listed(const std::vector<std::string>& words, const char* none) {
  if (words.empty()) return none;
  std::string text = words.front();
  for (std::size_t i = 1; i < words.size(); ++i) text += (i + 1 < words.size() ? ", " : " and ") + words[i];
  return text;
}

}  // namespace kairos::plugins::tensorboard
