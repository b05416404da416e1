// SPDX-License-Identifier: MIT
// The header of a NumPy array.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/input_file.hpp"

namespace kairos::host {

struct NpyHeader {
  std::string type;       ///< "<f4"
  char kind = 'f';        ///< 'f', 'i', 'u' or 'b'; of text 'U' or 'S'
  std::size_t width = 4;  ///< bytes per value
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::uint64_t count = 0;  ///< product of the shape; count * width fits 64 bits
  std::uint64_t begin = 0;  ///< bytes before the first value
};

enum class NpyTypes { Numbers, NumbersAndText };

/// Reads signature, version, length and dictionary, and leaves `source` at the first value. `size` is the
/// whole size; a larger shape is rejected. Throws Error(Data).
[[nodiscard]] NpyHeader read_npy_header(ByteSource& source, std::uint64_t size, const std::string& origin,
                                        NpyTypes types = NpyTypes::Numbers);

}  // namespace kairos::host
