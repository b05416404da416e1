// SPDX-License-Identifier: MIT
// The second level of --help: `kairos fit --help losses`.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/settings_table.hpp"

namespace kairos::host::cli {

/// The names that a setting accepts (losses, metrics, optimizers, layers), or the settings of one group
/// (data, training, …). Throws Error(Usage) for any other topic.
[[nodiscard]] std::string topic_help(std::string_view topic, std::string_view command,
                                     std::span<const Setting> settings, std::size_t columns);

/// The line of --help that names the topics; "" for a command without.
[[nodiscard]] std::string topics_line(std::string_view command, std::span<const Setting> settings);

}  // namespace kairos::host::cli
