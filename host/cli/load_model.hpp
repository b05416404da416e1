// SPDX-License-Identifier: MIT
// From settings to a model: what fit, evaluate and predict share.
#pragma once

#include <memory>

#include "cli/load_data.hpp"
#include "cli/model_input.hpp"
#include "cli/settings.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// What --model names, with its ports, and the file of --weights if it may name columns. Each file is read
/// once. Throws Error(File) for a file that cannot be read, Error(Model) for one that holds weights only.
[[nodiscard]] ModelInput read_model(const Settings& settings);

/// Loss, metrics and optimizer: of the settings, else of the file of --model. Throws Error(Usage) if there is
/// no loss and `purpose` needs one.
[[nodiscard]] CompileOptions compile_options(const Settings& settings, ModelInput& input, Purpose purpose);

/// The compiled model with the weights of its file or of --weights. For training, the optimizer continues
/// with its state in the file, as with Keras' load_model and fit, unless --optimizer or --weights is given.
[[nodiscard]] std::unique_ptr<Model> make_model(const Settings& settings, ModelInput input,
                                                const CompileOptions& options, const Dataset& data,
                                                Purpose purpose);

}  // namespace kairos::host::cli
