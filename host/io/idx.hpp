// SPDX-License-Identifier: MIT
// Reads IDX, the format of MNIST; everything becomes float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/input_file.hpp"
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

struct IdxHeader {
  std::uint8_t type = 0;
  std::size_t width = 1;  ///< bytes per value
  std::vector<std::int64_t> shape;
  std::uint64_t size = 0;   ///< of the header
  std::uint64_t count = 1;  ///< of values; count * width fits 64 bits
};

/// The header of a file that is not compressed, from its first byte; the file is as long as it says. Throws
/// as `read_idx` does.
[[nodiscard]] IdxHeader read_idx_header(InputFile& file, const std::string& origin);

/// Converts the values in `bytes`, of which the first is value `first` of the array, to float32 at `out`.
void convert_idx_values(const IdxHeader& header, std::span<const std::byte> bytes, std::uint64_t first,
                        float* out, const std::string& origin);

}  // namespace kairos::host
