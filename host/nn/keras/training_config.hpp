// SPDX-License-Identifier: MIT
// The "training_config" of Keras' HDF5 files, called "compile_config" in .keras files.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "kairos/host/compile.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

/// Keras JSON of losses, loss weights, metrics and optimizer. `options` has one entry per output, as
/// options_by_output returns; `optimizer` is Optimizer::json().
[[nodiscard]] std::string write_training_config(std::span<const Port> outputs,
                                                std::span<const CompileOptions> options,
                                                const nlohmann::json& optimizer);

}  // namespace kairos::host
