// SPDX-License-Identifier: MIT
// Keeps messages about many names short.
#include "base/name_list.hpp"

#include <cstddef>

namespace kairos::host {

std::string joined_names(std::span<const std::string> names) {
  constexpr std::size_t most = 20;
  std::string text;
  for (const std::string& name : names.first(names.size() < most ? names.size() : most))
    text += (text.empty() ? "" : ", ") + name;
  return text + (names.size() > most ? ", …" : "");
}

}  // namespace kairos::host
