// SPDX-License-Identifier: MIT
// Compares the names of columns in the data with those that the model knows.
#pragma once

#include "kairos/host/dataset.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

/// Throws Error(Data) if the columns of an input of `data` have other names, or another order, than those
/// that the model was trained on.
void require_known_columns(const Model& model, const Dataset& data);

/// The same for validation data, compared with the training data.
void require_same_columns(const Model& model, const Dataset& training, const Dataset& data);

/// Gives the model the names of the columns that it is trained on, for inputs whose columns it does not know
/// yet.
void learn_input_columns(Model& model, const Dataset& data);

}  // namespace kairos::host
