// SPDX-License-Identifier: MIT
// Reading the legacy layout from a file that is open. For hdf5_*.cpp only.
#pragma once

#include "io/hdf5/reader.hpp"
#include "io/model_file.hpp"

namespace kairos::host {

[[nodiscard]] bool is_hdf5_legacy(const Hdf5Group& root);

/// Takes the weights from the root where they stand there (weights files), else from /model_weights.
[[nodiscard]] ModelFile read_hdf5_legacy(const Hdf5Group& root);

}  // namespace kairos::host
