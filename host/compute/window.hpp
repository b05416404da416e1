// SPDX-License-Identifier: MIT
// Where a window goes over a picture: sizes, steps and margins.
#pragma once

#include <array>
#include <cstdint>

namespace kairos::host {

/// Two dimensions, rows first; one dimension is a picture of one row.
struct Window {
  using Pair = std::array<std::int64_t, 2>;

  Pair input{1, 1};  ///< of the picture
  Pair size{1, 1};   ///< of the window
  Pair stride{1, 1};
  Pair dilation{1, 1};  ///< distance of the points that the window looks at
  Pair before{0, 0};    ///< margin in front of the picture
  Pair output{1, 1};    ///< how many windows there are

  /// What the window spans.
  [[nodiscard]] std::int64_t extent(std::size_t i) const noexcept { return (size[i] - 1) * dilation[i] + 1; }
  /// Margin behind the picture, as far as windows reach into it.
  [[nodiscard]] std::int64_t after(std::size_t i) const noexcept {
    const std::int64_t reach = (output[i] - 1) * stride[i] + extent(i) - before[i] - input[i];
    return reach > 0 ? reach : 0;
  }
};

}  // namespace kairos::host
