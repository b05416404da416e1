// SPDX-License-Identifier: MIT
// RUN.json as a document.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace kairos::host::cli {

/// The object in a configuration, which may contain comments (// and /* */). Throws Error(File) for text that
/// is not JSON, and Error(Usage) for a key that an object has twice or for anything but an object.
[[nodiscard]] nlohmann::json read_config_file(const std::filesystem::path& file);

/// Makes the record of a fit one of an evaluation or a prediction: the model is the one that the fit saved,
/// unless another `is_given`; initial weights, callbacks and the run directory belong to the training. Any
/// other configuration stays as it is. Returns the run directory of that model, as the configuration has it;
/// empty if there is none.
std::filesystem::path serve_pass(nlohmann::json& config, bool is_given);

}  // namespace kairos::host::cli
