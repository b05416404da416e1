// SPDX-License-Identifier: MIT
// How a window moves over an image: sizes, strides and padding.
#pragma once

#include <array>
#include <cstdint>

namespace kairos::host {

/// Two dimensions, rows first. One-dimensional data is an image of one row.
struct Window {
  using Pair = std::array<std::int64_t, 2>;

  Pair input{1, 1};  ///< of the image
  Pair size{1, 1};   ///< of the window
  Pair stride{1, 1};
  Pair dilation{1, 1};  ///< distance between kernel positions
  Pair before{0, 0};    ///< padding before the image
  Pair output{1, 1};    ///< number of windows

  /// The window's size with dilation.
  [[nodiscard]] std::int64_t extent(std::size_t i) const noexcept { return (size[i] - 1) * dilation[i] + 1; }
  /// Padding after the image, as far as windows reach.
  [[nodiscard]] std::int64_t after(std::size_t i) const noexcept {
    const std::int64_t reach = (output[i] - 1) * stride[i] + extent(i) - before[i] - input[i];
    return reach > 0 ? reach : 0;
  }
};

/// How a window moves over a volume: over its planes, and along its depth.
struct VolumeWindow {
  VolumeWindow() = default;
  VolumeWindow(const Window& image) : plane(image) {}  // NOLINT: an image is a volume of one plane

  Window depth;  ///< of one dimension
  Window plane;
};

}  // namespace kairos::host
