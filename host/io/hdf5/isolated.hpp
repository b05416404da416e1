// SPDX-License-Identifier: MIT
// Isolates the HDF5 library in a child process: damaged files make it crash or loop.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "io/model_file.hpp"

namespace kairos::host {

/// `read_hdf5` in a child process with a time limit. A crash of the child is reported as a damaged file.
/// Throws what `read_hdf5` throws. The child runs none of the caller's exit or signal handlers.
[[nodiscard]] ModelFile read_hdf5_isolated(const std::filesystem::path& path);

/// The same for a file in memory; `origin` is used in messages.
[[nodiscard]] ModelFile read_hdf5_isolated(std::string_view bytes, const std::string& origin);

/// Reads a data set as `read_hdf5_data` does, with the same protection.
[[nodiscard]] Array read_hdf5_data_isolated(const std::filesystem::path& path, const std::string& dataset);

}  // namespace kairos::host
