// SPDX-License-Identifier: MIT
// Random input for tests of products.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compute/random.hpp"

namespace kairos::tests {

/// Normally distributed; the same for the same key.
inline std::vector<float> normal_values(std::int64_t n, std::uint64_t key) {
  host::RandomStream stream(key);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(stream.normal());
  return values;
}

}  // namespace kairos::tests
