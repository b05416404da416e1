// SPDX-License-Identifier: MIT
// Reads HDF5 where a fault of the HDF5 library cannot hurt: damaged files make it crash or loop.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "io/model_file.hpp"

namespace kairos::host {

/// `read_hdf5` in a child process with a bound on its time. What kills the child is reported as a damaged
/// file. Throws what `read_hdf5` throws. The child runs none of the caller's exit or signal handlers.
[[nodiscard]] ModelFile read_hdf5_isolated(const std::filesystem::path& path);

/// The same for a file whose bytes are at hand; `origin` is what messages name.
[[nodiscard]] ModelFile read_hdf5_isolated(std::string_view bytes, const std::string& origin);

/// A data set of a file as `read_hdf5_data` reads it, with the same protection.
[[nodiscard]] Array read_hdf5_data_isolated(const std::filesystem::path& path, const std::string& dataset);

}  // namespace kairos::host
