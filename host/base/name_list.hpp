// SPDX-License-Identifier: MIT
// Lists of names in messages.
#pragma once

#include <span>
#include <string>

namespace kairos::host {

/// "a, b, c": at most 20 names, and "…" for the others.
[[nodiscard]] std::string joined_names(std::span<const std::string> names);

}  // namespace kairos::host
