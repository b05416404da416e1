// SPDX-License-Identifier: MIT
// Options that hold several words or pairs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kairos::plugins::tensorboard {

/// "a, b" as a and b. Empty for an empty text; blanks around a word do not count.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

/// "a=1" as a and 1; "a" as "" and a.
[[nodiscard]] std::pair<std::string, std::string> pair_of(std::string_view word);

/// "a, b and c" for messages; `none` if there are none.
[[nodiscard]] std::string listed(const std::vector<std::string>& words, const char* none);

}  // namespace kairos::plugins::tensorboard
