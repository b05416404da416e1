// SPDX-License-Identifier: MIT
// Options that contain several words or pairs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/text.hpp"

namespace kairos::plugins::tensorboard {

/// Splits "a=1" into a and 1, and "a" into "" and a.
[[nodiscard]] std::pair<std::string, std::string> pair_of(std::string_view word);

/// "a, b and c" for messages; `none` if the list is empty.
[[nodiscard]] std::string listed(const std::vector<std::string>& words, const char* none);

/// Removes `prefix` from the beginning of `name`; false if it does not begin so.
inline bool take_prefix(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

}  // namespace kairos::plugins::tensorboard
