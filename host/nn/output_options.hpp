// SPDX-License-Identifier: MIT
// Resolves options for all outputs and for single outputs.
#pragma once

#include <span>
#include <vector>

#include "kairos/host/compile.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

/// The options of each output: its own loss, weight and metrics override the common ones, and `outputs` is
/// empty. The loss is empty for an output without one. Throws Error(Model) for an unknown output name,
/// metrics without a loss, and loss weights that are not finite.
[[nodiscard]] std::vector<CompileOptions> options_by_output(std::span<const Port> outputs,
                                                            const CompileOptions& options);

}  // namespace kairos::host
