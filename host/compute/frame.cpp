// SPDX-License-Identifier: MIT
// Copies a picture into the middle of zeros.
#include "compute/frame.hpp"

#include <algorithm>

namespace kairos::host {

const float* framed(const Frame& frame, std::int64_t rows, std::int64_t columns, const float* picture,
                    float* room) {
  if (frame.rows == rows && frame.columns == columns) return picture;
  std::fill_n(room, frame.size(), 0.0F);
  float* to = room + frame.above * frame.line() + frame.left * frame.channels;
  for (std::int64_t row = 0; row < rows; ++row, to += frame.line())
    std::copy_n(picture + row * columns * frame.channels, columns * frame.channels, to);
  return room;
}

}  // namespace kairos::host
