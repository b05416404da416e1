// SPDX-License-Identifier: MIT
// The text of one NumPy array in any source.
#pragma once

#include <string>

#include "base/input_file.hpp"
#include "io/npy_header.hpp"
#include "io/text_array.hpp"

namespace kairos::host {

/// Reads the values after `header`, which was read with NpyTypes::NumbersAndText and has kind 'U' or 'S'.
[[nodiscard]] TextArray decode_npy_text(ByteSource& source, const NpyHeader& header,
                                        const std::string& origin);

}  // namespace kairos::host
