// SPDX-License-Identifier: MIT
// A key that contains a separator could not be named in an option.
#include "plugin/log_key.hpp"

#include "base/printable.hpp"

namespace kairos::host {

std::string log_key_fault(std::string_view key) {
  constexpr std::size_t longest = 200;
  const auto fault = [](const std::string& found) {
    return "a key of the logs has " + found +
           "; expected 1 to 200 bytes of printable UTF-8 without space or any of , \" ' = : { }";
  };
  if (key.empty()) return fault("no character");
  if (key.size() > longest) return fault(std::to_string(key.size()) + " bytes");
  const std::string shown = printable(key);
  if (shown != key || key.find_first_of(" ,\"'=:{}") != std::string_view::npos)
    return fault("the name \"" + shown + "\"");
  return "";
}

}  // namespace kairos::host
