// SPDX-License-Identifier: MIT
// Copies an image into its zero padding.
#include "compute/padded_image.hpp"

#include <algorithm>

namespace kairos::host {

const float* padded(const PaddedShape& shape, std::int64_t rows, std::int64_t columns, const float* image,
                    float* scratch) {
  if (shape.rows == rows && shape.columns == columns) return image;
  const std::int64_t left = shape.left * shape.channels, line = columns * shape.channels;
  const std::int64_t right = shape.line() - left - line;
  float* to = std::fill_n(scratch, shape.top * shape.line(), 0.0F);
  for (std::int64_t row = 0; row < rows; ++row, image += line) {
    to = std::fill_n(to, left, 0.0F);
    to = std::copy_n(image, line, to);
    to = std::fill_n(to, right, 0.0F);
  }
  std::fill(to, scratch + shape.size(), 0.0F);
  return scratch;
}

}  // namespace kairos::host
