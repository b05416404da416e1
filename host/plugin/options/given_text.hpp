// SPDX-License-Identifier: MIT
// Turns what was written for an option into the text that its type takes.
#pragma once

#include <string>
#include <string_view>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// Whether the value is None or an empty list, and the option has no choice of that name.
[[nodiscard]] bool means_unset(const OptionSpec& option, const PluginOption& given);

/// The text without Python's notation: a list of words as "a,b", a dictionary as "a=1,b=2", True as 1 for a
/// number. Throws Error(Plugin) KAIROS-O053 … O056 for Python code, and for a list where one value is
/// expected.
[[nodiscard]] std::string plain_text(const OptionSpec& option, const PluginOption& given,
                                     std::string_view who);

/// Rejects True and False as positional numbers: there they belong to an argument of another version of
/// Keras. Throws Error(Plugin) KAIROS-O052.
void refuse_truth_by_position(const OptionSpec& option, const PluginOption& given, std::string_view who);

}  // namespace kairos::host
