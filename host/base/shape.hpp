// SPDX-License-Identifier: MIT
// The number of values in a shape.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

namespace kairos::host {

/// The product of `sizes`, or the largest std::int64_t if the product is larger: a damaged file may declare
/// any sizes.
[[nodiscard]] inline std::int64_t product(std::span<const std::int64_t> sizes) {
  // Checked first, so that a 0 takes precedence over sizes whose product overflows.
  if (std::ranges::find(sizes, 0) != sizes.end()) return 0;
  std::int64_t all = 1;
  for (const std::int64_t n : sizes)
    if (__builtin_mul_overflow(all, n, &all)) return std::numeric_limits<std::int64_t>::max();
  return all;
}

}  // namespace kairos::host
