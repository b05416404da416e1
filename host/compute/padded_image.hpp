// SPDX-License-Identifier: MIT
// An image with zero padding around it.
#pragma once

#include <cstdint>

namespace kairos::host {

/// Sizes include the padding; channels come last.
struct PaddedShape {
  std::int64_t rows, columns, channels;
  std::int64_t top, left;  ///< rows and columns of padding
  [[nodiscard]] std::int64_t line() const noexcept { return columns * channels; }
  [[nodiscard]] std::int64_t size() const noexcept { return rows * line(); }
};

/// The image [rows, columns, channels] itself if there is no padding, else its copy in `scratch`, which holds
/// shape.size() floats.
[[nodiscard]] const float* padded(const PaddedShape& shape, std::int64_t rows, std::int64_t columns,
                                  const float* image, float* scratch);

}  // namespace kairos::host
