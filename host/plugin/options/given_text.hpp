// SPDX-License-Identifier: MIT
// What was written for an option, as the text that its type takes.
#pragma once

#include <string>
#include <string_view>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// None, or an empty list, for an option that has another word for neither.
[[nodiscard]] bool means_unset(const OptionSpec& option, const PluginOption& given);

/// The text without what only Python needs: a list of words as "a,b", a dictionary as "a=1,b=2", True as 1
/// for a number. Throws Error(Plugin) KAIROS-O053 … O056 for what is Python code, and for a list where one
/// value is wanted.
[[nodiscard]] std::string plain_text(const OptionSpec& option, const PluginOption& given,
                                     std::string_view who);

/// True and False count as numbers only by name: by position they belong to an argument of another version of
/// Keras. Throws Error(Plugin) KAIROS-O052.
void refuse_truth_by_position(const OptionSpec& option, const PluginOption& given, std::string_view who);

}  // namespace kairos::host
