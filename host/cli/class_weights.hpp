// SPDX-License-Identifier: MIT
// --class-weight: from classes as the user calls them to their numbers.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "cli/setting_values.hpp"

namespace kairos::host::cli {

/// Weights by class number. `names` are the classes of the data, empty for a numeric target; a label that is
/// both a name and a number is the name. Throws Error(Usage) for a class that does not exist or is given
/// twice.
[[nodiscard]] std::map<std::int64_t, double> weights_by_number(std::span<const NamedNumber> weights,
                                                               const std::vector<std::string>& names);

}  // namespace kairos::host::cli
