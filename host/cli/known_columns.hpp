// SPDX-License-Identifier: MIT
// The names of the columns that a model was trained on: where they are kept, and what is said of them.
#pragma once

#include <string>
#include <vector>

#include "cli/inputs.hpp"
#include "cli/run_directory.hpp"
#include "cli/settings.hpp"
#include "io/architecture.hpp"
#include "kairos/host/dataset.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// Of the file of the weights, of the model, or of the input_columns.json beside it; none for a model that
/// starts anew.
[[nodiscard]] std::vector<InputColumns> known_columns(const Settings& settings, const GivenModel& given);

/// Gives a model whose weights were read the names that no file of them holds, for inputs that they fit.
void tell_model_columns(Model& model, std::vector<InputColumns> known);

/// What the inputs of the training data are called, else as the model knows them: what to validate on has the
/// same columns.
[[nodiscard]] std::vector<InputColumns> columns_in_training(const Dataset& train, const PortFacts& ports);

/// Says what a person should know of how data were read, and that columns without names are taken by
/// position. Throws Error(Data) where these are more or fewer than the model knows.
void tell_columns(const Dataset& data, const PortFacts& ports);

/// Writes input_columns.json into the directory of the run. An earlier run's is replaced too where there are
/// no names.
void keep_columns(const RunDirectory& directory, const Model& model);

/// A line for each input, for `kairos summary`.
[[nodiscard]] std::string columns_text(const std::vector<InputColumns>& columns);

}  // namespace kairos::host::cli
