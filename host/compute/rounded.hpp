// SPDX-License-Identifier: MIT
// A bfloat16 copy of floats, as input of products.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "compute/buffer.hpp"
#include "compute/engine.hpp"

namespace kairos::host {

/// Rounds to nearest, ties to even; NaN stays NaN.
class Rounded {
 public:
  explicit Rounded(ComputeEngine& engine);
  ~Rounded();

  /// Copies `count` values. The first call with a count allocates what that count needs; later calls allocate
  /// nothing here.
  void copy(std::int64_t count, const float* from);
  [[nodiscard]] const std::uint16_t* data() const noexcept { return values_.data(); }

 private:
  struct Rounding;

  ComputeEngine& engine_;
  std::vector<std::uint16_t, AlignedAllocator<std::uint16_t>> values_;
  std::map<std::int64_t, std::unique_ptr<Rounding>> by_count_;
};

}  // namespace kairos::host
