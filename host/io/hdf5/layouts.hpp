// SPDX-License-Identifier: MIT
// Keras' two layouts of an HDF5 file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "io/model_file.hpp"

namespace kairos::host {

/// Reads either layout, which is detected by content.
[[nodiscard]] ModelFile read_hdf5(const std::filesystem::path& path);

/// The same for a file in memory; `origin` is used in messages.
[[nodiscard]] ModelFile read_hdf5_image(std::string_view bytes, const std::string& origin);

/// The layout of Keras 1 and 2, which Keras 3 still writes to `.h5`.
void write_hdf5_legacy(const std::filesystem::path& path, SaveContent content, const ModelFile& file);

/// The layout of Keras 3's `.weights.h5`.
void write_hdf5_keras3(const std::filesystem::path& path, const ModelFile& file);

/// The bytes of such a file; `path` is for messages.
[[nodiscard]] std::string hdf5_keras3_image(const std::filesystem::path& path, const ModelFile& file);

}  // namespace kairos::host
