// SPDX-License-Identifier: MIT
// Reads HDF5 where a fault of the HDF5 library cannot hurt: damaged files make it crash or loop.
#pragma once

#include <filesystem>

#include "io/model_file.hpp"

namespace kairos::host {

/// `read_hdf5` in a child process with a bound on its time. What kills the child is reported as a damaged
/// file. Throws what `read_hdf5` throws. The child runs none of the caller's exit or signal handlers.
[[nodiscard]] ModelFile read_hdf5_isolated(const std::filesystem::path& path);

}  // namespace kairos::host
