// SPDX-License-Identifier: MIT
// The line that a run prints about its data.
#pragma once

#include <string>

#include "cli/settings.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// Whether loss or metrics treat the target as classes: crossentropies, hinge losses, accuracy and the like.
[[nodiscard]] bool learns_classes(const CompileOptions& options);

/// One line without its end: "1797 samples, 64 inputs, 10 classes (from label); 1437 train, 360 validation".
/// `data` is the training data before the split, or the layout of a stream. Counts classes if the target is
/// text or `compiled` learns classes.
[[nodiscard]] std::string data_report(const Settings& settings, const Dataset& data, const DataFacts& facts,
                                      const Model& model, const CompileOptions& compiled);

}  // namespace kairos::host::cli
