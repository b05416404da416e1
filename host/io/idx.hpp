// SPDX-License-Identifier: MIT
// Reads IDX, the format of MNIST; all types become float32.
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

/// Values as stored: bytes are 0 to 255 and are not scaled. Gzip is detected by content. The declared size
/// must be that of the file; for gzip data it is accepted up to the limit of deflate, 1032 times the size of
/// the file, and memory grows with the actual data. Integers beyond 2^24 and floats beyond float32 are
/// rejected. Throws Error(Data), or Error(File) if the file cannot be read.
[[nodiscard]] Array read_idx(const std::filesystem::path& path);

struct IdxHeader {
  std::uint8_t type = 0;
  std::size_t width = 1;  ///< bytes per value
  std::vector<std::int64_t> shape;
  std::uint64_t size = 0;   ///< of the header
  std::uint64_t count = 1;  ///< of values; count * width fits 64 bits
};

/// The header of an uncompressed file, from its first byte; also checks that the size of the file matches.
/// Throws as `read_idx` does.
[[nodiscard]] IdxHeader read_idx_header(InputFile& file, const std::string& origin);

/// Converts `bytes`, the values starting at index `first` of the array, to float32 at `out`.
void convert_idx_values(const IdxHeader& header, std::span<const std::byte> bytes, std::uint64_t first,
                        float* out, const std::string& origin);

}  // namespace kairos::host
