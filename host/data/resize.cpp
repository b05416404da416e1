// SPDX-License-Identifier: MIT
// The positions of columns are computed once for all rows.
#include "data/resize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace kairos::host {

namespace {

/// The two source lines on both sides of a line of the result, and its distance from the first.
struct Between {
  std::size_t lower, upper;
  float share;
};

std::vector<Between> lines(std::int64_t from, std::int64_t to) {
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  std::vector<Between> all;
  all.reserve(static_cast<std::size_t>(to));
  for (std::int64_t i = 0; i < to; ++i) {
    const float at = (static_cast<float>(i) + 0.5F) * scale - 0.5F;
    const float floor = std::floor(at);
    const auto lower = std::clamp<std::int64_t>(static_cast<std::int64_t>(floor), 0, from - 1);
    const auto upper = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(at)), 0, from - 1);
    all.push_back({static_cast<std::size_t>(lower), static_cast<std::size_t>(upper), at - floor});
  }
  return all;
}

}  // namespace

void resize_bilinear(const Image& image, ImageSize size, std::span<float> out) {
  if (image.height == size.height && image.width == size.width) {
    std::copy(image.values.begin(), image.values.end(), out.begin());
    return;
  }
  const auto channels = static_cast<std::size_t>(image.mode);
  const std::size_t row_size = static_cast<std::size_t>(image.width) * channels;
  const std::vector<Between> rows = lines(image.height, size.height);
  const std::vector<Between> columns = lines(image.width, size.width);
  float* next = out.data();
  for (const Between& row : rows) {
    const std::uint8_t* top = image.values.data() + row.lower * row_size;
    const std::uint8_t* bottom = image.values.data() + row.upper * row_size;
    for (const Between& column : columns)
      for (std::size_t c = 0; c < channels; ++c) {
        const std::size_t left = column.lower * channels + c, right = column.upper * channels + c;
        const auto at = [](const std::uint8_t* line, std::size_t i) { return static_cast<float>(line[i]); };
        const float above = at(top, left) + (at(top, right) - at(top, left)) * column.share;
        const float below = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * column.share;
        *next++ = above + (below - above) * row.share;
      }
  }
}

}  // namespace kairos::host
