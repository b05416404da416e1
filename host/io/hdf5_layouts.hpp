// SPDX-License-Identifier: MIT
// Keras' two layouts of an HDF5 file.
#pragma once

#include <filesystem>

#include "io/model_file.hpp"

namespace kairos::host {

/// Either layout; decides by what is in the file.
[[nodiscard]] ModelFile read_hdf5(const std::filesystem::path& path);

/// The layout of Keras 1 and 2, still written by Keras 3 to `.h5`.
void write_hdf5_legacy(const std::filesystem::path& path, SaveContent content, const ModelFile& file);

/// The layout of Keras 3's `.weights.h5`.
void write_hdf5_keras3(const std::filesystem::path& path, const ModelFile& file);

}  // namespace kairos::host
