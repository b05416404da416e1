// SPDX-License-Identifier: MIT
// Sizes of the blocks that samples are read into.
#pragma once

#include <cstdint>
#include <vector>

#include "kairos/host/dataset.hpp"

namespace kairos::host {

/// Values of one sample in all arrays.
[[nodiscard]] inline std::int64_t values_per_sample(const std::vector<NamedArray>& arrays) {
  std::int64_t n = 0;
  for (const NamedArray& one : arrays) n += one.array.row_size();
  return n;
}

[[nodiscard]] inline std::int64_t allocated_bytes(const Array& array) {
  return static_cast<std::int64_t>(array.values.capacity() * sizeof(float));
}

/// Of all values in `block`.
[[nodiscard]] inline std::int64_t allocated_bytes(const Dataset& block) {
  std::int64_t bytes = 0;
  for (const auto* arrays : {&block.inputs, &block.targets, &block.sample_weights})
    for (const NamedArray& one : *arrays) bytes += allocated_bytes(one.array);
  return bytes;
}

/// Gives each array `rows` rows. Their values are unspecified; the capacity never shrinks.
inline void set_rows(std::vector<NamedArray>& arrays, std::int64_t rows) {
  for (NamedArray& one : arrays) {
    one.array.shape.front() = rows;
    one.array.values.resize(static_cast<std::size_t>(rows * one.array.row_size()));
  }
}

inline void set_rows(Dataset& block, std::int64_t rows) {
  for (auto* arrays : {&block.inputs, &block.targets, &block.sample_weights}) set_rows(*arrays, rows);
}

}  // namespace kairos::host
