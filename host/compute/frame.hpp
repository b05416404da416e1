// SPDX-License-Identifier: MIT
// A picture with margins of zeros around it, as windows go over it.
#pragma once

#include <cstdint>

namespace kairos::host {

/// Sizes are those with the margins; channels come last.
struct Frame {
  std::int64_t rows, columns, channels;
  std::int64_t above, left;  ///< margins
  [[nodiscard]] std::int64_t line() const noexcept { return columns * channels; }
  [[nodiscard]] std::int64_t size() const noexcept { return rows * line(); }
};

/// The picture [rows, columns, channels] itself where the frame has no margins, else its copy in `room`,
/// which takes frame.size() floats.
[[nodiscard]] const float* framed(const Frame& frame, std::int64_t rows, std::int64_t columns,
                                  const float* picture, float* room);

}  // namespace kairos::host
