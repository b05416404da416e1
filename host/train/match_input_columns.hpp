// SPDX-License-Identifier: MIT
// Names of columns, between the data and the model that takes them.
#pragma once

#include "kairos/host/dataset.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

/// Throws Error(Data) where an input of `data` has columns of other names, or in another order, than the
/// model was trained on.
void require_known_columns(const Model& model, const Dataset& data);

/// The same of the data to validate on, compared with the data that are trained on.
void require_same_columns(const Model& model, const Dataset& training, const Dataset& data);

/// Gives the model the names of columns that it is going to be trained on, for inputs whose columns it does
/// not know yet.
void learn_input_columns(Model& model, const Dataset& data);

}  // namespace kairos::host
