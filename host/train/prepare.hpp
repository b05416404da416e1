// SPDX-License-Identifier: MIT
// Checks before the first batch: which array feeds which port, sample weights, options.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "kairos/host/dataset.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/batches.hpp"
#include "train/split.hpp"

namespace kairos::host {

/// Assigns the arrays of `data` to the model's ports: by name, or by position if no array has a name. Checks
/// names, shapes, and each target against the loss. Throws Error(Data) naming array, row and shapes.
[[nodiscard]] Columns match_columns(const Model& model, const Dataset& data, Targets targets);

/// Sample weights, one array per target with a row per sample of `data` (a single array without a name is for
/// all targets). In `rows`, they are multiplied by the weight of the sample's class. Empty if there are
/// neither sample weights nor class weights. Throws Error(Data) for a shape that is neither per sample nor
/// per timestep, and for a class without a weight; Error(Usage) for class weights and several targets, as
/// Keras 3.
[[nodiscard]] std::vector<Array> combined_weights(const Model& model, const Dataset& data,
                                                  const Columns& columns,
                                                  const std::map<std::int64_t, double>& class_weight,
                                                  const RowSet& rows);

/// Each throws Error(Usage) for a value outside its range whatever the data: negative epochs, a batch of no
/// samples, a validation split outside (0, 1), a buffer of no bytes, a negative window.
void check_fit_options(const FitOptions& options);
void check_pass_options(const PassOptions& options);
void check_stream_options(const StreamOptions& options);

}  // namespace kairos::host
