// SPDX-License-Identifier: MIT
// Copies a picture into the middle of zeros.
#include "compute/frame.hpp"

#include <algorithm>

namespace kairos::host {

const float* framed(const Frame& frame, std::int64_t rows, std::int64_t columns, const float* picture,
                    float* room) {
  if (frame.rows == rows && frame.columns == columns) return picture;
  const std::int64_t left = frame.left * frame.channels, line = columns * frame.channels;
  const std::int64_t right = frame.line() - left - line;
  float* to = std::fill_n(room, frame.above * frame.line(), 0.0F);
  for (std::int64_t row = 0; row < rows; ++row, picture += line) {
    to = std::fill_n(to, left, 0.0F);
    to = std::copy_n(picture, line, to);
    to = std::fill_n(to, right, 0.0F);
  }
  std::fill(to, room + frame.size(), 0.0F);
  return room;
}

}  // namespace kairos::host
