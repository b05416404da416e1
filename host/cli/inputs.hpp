// SPDX-License-Identifier: MIT
// From settings to a model and data: what fit, evaluate and predict share.
#pragma once

#include <memory>
#include <string>

#include "cli/settings.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// Whether the command compares outputs with a target.
enum class Purpose { Train, Evaluate, Predict };

/// Data as --data, --target, --sample-weight, --header and --delimiter say; `file` in place of --data.
[[nodiscard]] LoadedData load(const Settings& settings, const std::string& file, Purpose purpose);

/// The model of --model, compiled, with the weights of the file that it was read from or of --weights.
[[nodiscard]] std::unique_ptr<Model> make_model(const Settings& settings, const Dataset& data,
                                                Purpose purpose);

/// Throws Error(Usage) if a setting that the command needs is missing.
void require(const Settings& settings, const char* key, const char* cure);

/// Throws Error(File) unless a file of this name can be made here: before training, and without making it.
void require_writable(const std::string& file, const std::string& flag);

}  // namespace kairos::host::cli
