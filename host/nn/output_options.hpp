// SPDX-License-Identifier: MIT
// What was asked for all outputs and for single ones, as each output has it in the end.
#pragma once

#include <span>
#include <vector>

#include "kairos/host/compile.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

/// For each output the options with its own loss, weight and metrics in front, and `outputs` empty; no loss
/// where it has none. Throws Error(Model) for a name that no output has, metrics without a loss, and weights
/// that are no numbers.
[[nodiscard]] std::vector<CompileOptions> options_by_output(std::span<const Port> outputs,
                                                            const CompileOptions& options);

}  // namespace kairos::host
