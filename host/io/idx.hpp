// SPDX-License-Identifier: MIT
// Reads IDX, the format of MNIST; everything becomes float32.
#pragma once

#include <filesystem>
#include <string_view>

#include "kairos/host/array.hpp"

namespace kairos::host {

/// Whether a file is called as IDX files are: "train-images-idx3-ubyte", "train-images.idx3-ubyte" or
/// "images.idx", each with or without ".gz".
[[nodiscard]] bool is_idx_name(std::string_view name);

/// Values as they stand in the file: bytes are 0 to 255 and are not scaled. Gzip is told by the content. The
/// declared size must be that of the file; of gzip data it is believed up to what deflate can reach, 1032
/// times the size of the file, and memory grows with what is really there. Integers beyond 2^24 and floats
/// beyond float32 are refused. Throws Error(Data), or Error(File) if it cannot be read.
[[nodiscard]] Array read_idx(const std::filesystem::path& path);

}  // namespace kairos::host
