// SPDX-License-Identifier: MIT
// What a run says of the data that it has read.
#pragma once

#include <string>

#include "cli/settings.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// One line without its end: "1797 samples, 64 inputs, 10 classes (from label); 1437 train, 360 validation".
/// `data` is the training data before the split, or the layout of a stream.
[[nodiscard]] std::string data_report(const Settings& settings, const Dataset& data, const DataFacts& facts,
                                      const Model& model);

}  // namespace kairos::host::cli
