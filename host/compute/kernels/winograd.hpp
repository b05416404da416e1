// SPDX-License-Identifier: MIT
// What turns pictures into tiles for convolutions of 3 by 3 points, and back. Compiled for several levels of
// x86-64, as kernels.hpp.
//
// This work is based on: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, F(2x2,
// 3x3) and, for the gradient of the kernel, F(3x3, 2x2), with the points 0, 1, -1 and infinity.
#pragma once

#include <cstdint>

namespace kairos::host {

/// A tile has 4 by 4 points.
inline constexpr std::int64_t winograd_points = 16;

/// Tiles [16, channels], whose channels lie together; `step` floats from a tile to the next.
struct Tiles {
  float* data;
  std::int64_t step;
};

/// Some lines of 2 by 2 pixels of a picture, channels last: `rows` by `columns` pixels from `picture` on,
/// whose lines are `line` floats apart. Where a number is odd, the last tile is half outside.
struct TileLines {
  std::int64_t rows, columns;
  std::int64_t channels;
  std::int64_t line;
};

struct WinogradKernels {
  /// Bᵀ·d·B of the 4 by 4 pixels around each 2 by 2 outputs. The picture has two pixels more than `lines` in
  /// both directions, and one more where a number is odd.
  void (*from_input)(const TileLines& lines, const float* picture, const Tiles& tiles);
  /// Aᵀ·m·A plus `bias` [channels], which may be null.
  void (*to_output)(const TileLines& lines, const Tiles& tiles, const float* bias, float* picture);
  /// G·g·Gᵀ of 2 by 2 gradients of outputs; what is outside counts as 0.
  void (*from_gradient)(const TileLines& lines, const float* picture, const Tiles& tiles);
};

/// The best that this processor can run.
[[nodiscard]] const WinogradKernels& winograd_kernels() noexcept;

}  // namespace kairos::host
