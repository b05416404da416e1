// SPDX-License-Identifier: MIT
// Translates Python's lambdas into formulas, for messages that show what to write.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kairos::host {

/// "lambda e: 0.1 * 0.5 ** (e // 10)" over {"epoch", "lr"} as "0.1 * 0.5 ** floor((epoch) / 10)". Nothing
/// if the result is not a formula.
[[nodiscard]] std::optional<std::string> formula_of_lambda(std::string_view text,
                                                           std::span<const std::string> variables);

}  // namespace kairos::host
