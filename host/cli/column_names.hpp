// SPDX-License-Identifier: MIT
// The names of the columns that a model was trained on.
#pragma once

#include <string>
#include <vector>

#include "cli/model_input.hpp"
#include "cli/run_directory.hpp"
#include "cli/settings.hpp"
#include "io/architecture.hpp"
#include "kairos/host/dataset.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// Whether a file of weights may hold column names. A file of weights only has none, and may be large.
[[nodiscard]] bool may_hold_columns(const std::string& file);

/// From `input.weights`, the file of the model, or the input_columns.json in the directory of the weights;
/// none for a model without weights.
[[nodiscard]] std::vector<InputColumns> known_columns(const Settings& settings, const ModelInput& input);

/// Gives a model its column names where the files of its weights held none, for the inputs whose sizes they
/// fit.
void tell_model_columns(Model& model, std::vector<InputColumns> known);

/// The column names of the training data, else those that the model knows: validation data has the same
/// columns.
[[nodiscard]] std::vector<InputColumns> columns_in_training(const Dataset& train, const PortFacts& ports);

/// Prints the notes of the reader, and a warning for columns without names, which are matched by position.
/// Throws Error(Data) if their number differs from the model's.
void tell_columns(const Dataset& data, const PortFacts& ports);

/// Writes input_columns.json into the run directory. Replaces that of an earlier run even if there are no
/// names.
void keep_columns(const RunDirectory& directory, const Model& model);

/// A line for each input, for `kairos summary`.
[[nodiscard]] std::string columns_text(const std::vector<InputColumns>& columns);

}  // namespace kairos::host::cli
