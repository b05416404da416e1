// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_WINOGRAD_KERNELS is the name of the level's table (see CMakeLists.txt).
#include "compute/kernels/winograd.hpp"

#include "compute/kernels/lanes.hpp"

namespace kairos::host {

namespace {

/// Calls `work(row, column, tile)` with the first pixel of every tile.
template <typename Work>
KAIROS_INLINE void each_tile(const TileLines& lines, const Work& work) {
  std::int64_t tile = 0;
  for (std::int64_t row = 0; row < lines.rows; row += 2)
    for (std::int64_t column = 0; column < lines.columns; column += 2) work(row, column, tile++);
}

/// Bᵀ·d; the results are `stride` apart.
KAIROS_INLINE void transform_input(const Vector (&d)[4], Vector* to, int stride) {
  to[0] = d[0] - d[2];
  to[stride] = d[1] + d[2];
  to[2 * stride] = d[2] - d[1];
  to[3 * stride] = d[1] - d[3];
}

void from_input(const TileLines& lines, const float* image, const Tiles& tiles) {
  const std::int64_t n = lines.channels;
  each_tile(lines, [&](std::int64_t row, std::int64_t column, std::int64_t tile) {
    const float* const from = image + row * lines.line + column * n;
    float* const to = tiles.data + tile * tiles.stride;
    each_vector(n, [&](std::int64_t k, auto part) {
      Vector half[4][4], whole[4];
      for (int j = 0; j < 4; ++j) {
        Vector d[4];
        for (int i = 0; i < 4; ++i) d[i] = part.get(from + i * lines.line + j * n + k);
        transform_input(d, &half[0][j], 4);
      }
      for (int i = 0; i < 4; ++i) {
        transform_input(half[i], whole, 1);
        for (int j = 0; j < 4; ++j) part.put(whole[j], to + (4 * i + j) * n + k);
      }
    });
  });
}

void to_output(const TileLines& lines, const Tiles& tiles, const float* bias, float* image) {
  const std::int64_t n = lines.channels;
  each_tile(lines, [&](std::int64_t row, std::int64_t column, std::int64_t tile) {
    const float* const from = tiles.data + tile * tiles.stride;
    float* const to = image + row * lines.line + column * n;
    const bool right = column + 1 < lines.columns, below = row + 1 < lines.rows;
    each_vector(n, [&](std::int64_t k, auto part) {
      Vector half[2][4];
      for (int j = 0; j < 4; ++j) {
        Vector m[4];
        for (int i = 0; i < 4; ++i) m[i] = part.get(from + (4 * i + j) * n + k);
        half[0][j] = m[0] + m[1] + m[2];
        half[1][j] = m[1] - m[2] - m[3];
      }
      const Vector first = bias == nullptr ? Vector{} : part.get(bias + k);
      for (int i = 0; i < 2; ++i) {
        if (i == 1 && !below) break;
        const Vector* const h = half[i];
        part.put(h[0] + h[1] + h[2] + first, to + i * lines.line + k);
        if (right) part.put(h[1] - h[2] - h[3] + first, to + i * lines.line + n + k);
      }
    });
  });
}

void from_gradient(const TileLines& lines, const float* image, const Tiles& tiles) {
  const std::int64_t n = lines.channels;
  each_tile(lines, [&](std::int64_t row, std::int64_t column, std::int64_t tile) {
    const float* const from = image + row * lines.line + column * n;
    float* const to = tiles.data + tile * tiles.stride;
    const bool right = column + 1 < lines.columns, below = row + 1 < lines.rows;
    each_vector(n, [&](std::int64_t k, auto part) {
      Vector half[4][2];
      for (int j = 0; j < 2; ++j) {
        const bool there = j == 0 || right;
        const Vector a = there ? part.get(from + j * n + k) : Vector{};
        const Vector b = there && below ? part.get(from + lines.line + j * n + k) : Vector{};
        half[0][j] = a;
        half[1][j] = 0.5F * (a + b);
        half[2][j] = 0.5F * (a - b);
        half[3][j] = b;
      }
      for (int i = 0; i < 4; ++i) {
        const Vector a = half[i][0], b = half[i][1];
        const Vector whole[4] = {a, 0.5F * (a + b), 0.5F * (a - b), b};
        for (int j = 0; j < 4; ++j) part.put(whole[j], to + (4 * i + j) * n + k);
      }
    });
  });
}

}  // namespace

extern const WinogradKernels KAIROS_WINOGRAD_KERNELS;
const WinogradKernels KAIROS_WINOGRAD_KERNELS{from_input, to_output, from_gradient};

}  // namespace kairos::host
