// SPDX-License-Identifier: MIT
// What is known of the data before the first batch, and what in it is likely a mistake.
#pragma once

#include <string>
#include <vector>

#include "kairos/host/dataset.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

/// A sentence for each likely mistake: classes that only one part of the data has, classes without samples,
/// fewer classes than the output has units, class directories that are named like parts of a data set.
/// `data` is the training data, or the layout of a stream.
[[nodiscard]] std::vector<std::string> data_doubts(const Model& model, const Dataset& data,
                                                   const DataFacts& facts, const FitOptions& options);

}  // namespace kairos::host
