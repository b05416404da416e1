// SPDX-License-Identifier: MIT
// Transforms images into tiles for 3 by 3 convolutions, and back. Compiled for several levels of x86-64, like
// kernels.hpp. Based on Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015: F(2x2,
// 3x3) and, for the gradient of the kernel, F(3x3, 2x2), with the interpolation points 0, 1, -1 and infinity.
#pragma once

#include <cstdint>

namespace kairos::host {

/// Positions of a tile, 4 by 4.
inline constexpr std::int64_t winograd_positions = 16;

/// Tiles [16, channels] with contiguous channels; `stride` floats from one tile to the next.
struct Tiles {
  float* data;
  std::int64_t stride;
};

/// Some rows of tiles of 2 by 2 pixels of an image, channels last: `rows` by `columns` pixels from `image`
/// on, whose lines are `line` floats apart. If a number is odd, half of the last tile is outside.
struct TileLines {
  std::int64_t rows, columns;
  std::int64_t channels;
  std::int64_t line;
};

struct WinogradKernels {
  /// Bᵀ·d·B of the 4 by 4 pixels around each 2 by 2 outputs. In both dimensions the image has two pixels more
  /// than `lines`, and one more if the number is odd.
  void (*from_input)(const TileLines& lines, const float* image, const Tiles& tiles);
  /// Aᵀ·m·A plus `bias` [channels], which may be null.
  void (*to_output)(const TileLines& lines, const Tiles& tiles, const float* bias, float* image);
  /// G·g·Gᵀ of 2 by 2 output gradients; pixels outside count as 0.
  void (*from_gradient)(const TileLines& lines, const float* image, const Tiles& tiles);
};

/// The table for the highest level that this processor supports.
[[nodiscard]] const WinogradKernels& winograd_kernels() noexcept;

}  // namespace kairos::host
