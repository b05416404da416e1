// SPDX-License-Identifier: MIT
// Reads the legacy layout from an open file. For hdf5_*.cpp only.
#pragma once

#include "io/hdf5/reader.hpp"
#include "io/model_file.hpp"

namespace kairos::host {

[[nodiscard]] bool is_hdf5_legacy(const Hdf5Group& root);

/// Reads the weights from the root if they are there (weights files), otherwise from /model_weights.
[[nodiscard]] ModelFile read_hdf5_legacy(const Hdf5Group& root);

}  // namespace kairos::host
