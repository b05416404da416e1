// SPDX-License-Identifier: MIT
// The statuses of the ABI in words.
#include "plugin/run/status_text.hpp"

#include <iterator>

namespace kairos::host {

std::string_view status_text(kairos_status status) noexcept {
  static constexpr std::string_view names[] = {
      "ok",           "invalid",   "not found",     "out of range", "wrong state", "unsupported", "denied",
      "input/output", "no memory", "unusable data", "exception",    "host fault",  "busy"};
  return status >= 0 && static_cast<std::size_t>(status) < std::size(names) ? names[status]
                                                                            : "unknown status";
}

}  // namespace kairos::host
