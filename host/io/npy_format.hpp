// SPDX-License-Identifier: MIT
// The bytes of one NumPy array in any source: a file or an entry of an archive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/input_file.hpp"
#include "io/npy_header.hpp"
#include "kairos/host/array.hpp"

namespace kairos::host {

/// Reads one array. `size` is the largest number of bytes in `source` and limits what is allocated; `origin`
/// is for messages.
[[nodiscard]] Array decode_npy(ByteSource& source, std::uint64_t size, const std::string& origin);

/// The same for a source whose header was read.
[[nodiscard]] Array decode_npy(ByteSource& source, const NpyHeader& header, const std::string& origin);

/// Converts `bytes`, the values starting at index `first` of the array, to float32 at `out`. Throws
/// Error(Data) with the row of a value that float32 cannot hold.
void convert_npy_values(const NpyHeader& header, std::span<const std::byte> bytes, std::uint64_t first,
                        float* out, const std::string& origin);

/// Signature, version 1.0 and dictionary, padded to 64 bytes, for '<f4' in C order.
[[nodiscard]] std::string npy_header(const Array& array);

/// The values as bytes, borrowed from `array`.
[[nodiscard]] std::string_view npy_body(const Array& array);

}  // namespace kairos::host
