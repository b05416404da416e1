// SPDX-License-Identifier: MIT
// The rule for keys of the logs, which are written on command lines, in lists, in file names and in tables.
#pragma once

#include <string>
#include <string_view>

namespace kairos::host {

/// What is wrong with a key that a plugin declares; "" for a good one.
[[nodiscard]] std::string log_key_fault(std::string_view key);

}  // namespace kairos::host
