// SPDX-License-Identifier: MIT
// Likely mistakes in the data, found before the first batch.
#pragma once

#include <string>
#include <vector>

#include "kairos/host/dataset.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

/// One sentence per likely mistake: classes in only one part of the data, classes without samples, fewer
/// classes than the output has units, class directories named like parts of a data set ("train"). `data` is
/// the training data, or the layout of a stream.
[[nodiscard]] std::vector<std::string> data_doubts(const Model& model, const Dataset& data,
                                                   const DataFacts& facts, const FitOptions& options);

}  // namespace kairos::host
