// SPDX-License-Identifier: MIT
// Keras 3's `.keras`: a zip archive of config.json, metadata.json and model.weights.h5.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "io/model_file.hpp"

namespace kairos::host {

/// Entries may be stored or deflated; declared sizes are accepted up to 64 times the size of the archive.
/// Other entries (assets/) are ignored, and nothing is ever written under a name from the archive. Throws
/// Error(File).
[[nodiscard]] ModelFile read_keras_archive(const std::filesystem::path& path);

/// The same with a different reader for the weights than `read_hdf5_isolated`.
using WeightsReader = ModelFile (*)(std::string_view bytes, const std::string& origin);
[[nodiscard]] ModelFile read_keras_archive(const std::filesystem::path& path, WeightsReader read_weights);

/// Writes architecture, the compile configuration of a compiled model, weights and the optimizer's variables;
/// stored, atomic. Throws Error(File).
void write_keras_archive(const std::filesystem::path& path, const ModelFile& file);

}  // namespace kairos::host
