// SPDX-License-Identifier: MIT
// The sum of the gradients of all ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/buffer.hpp"
#include "kairos/host/ranks.hpp"
#include "nn/parameter.hpp"

namespace kairos::host {

/// Large gradients are summed where they are; small ones are copied into one buffer, as each message costs
/// more than they do.
class GradientExchange {
 public:
  /// Borrows the parameters. To be called once.
  void build(std::span<Parameter* const> trained);
  [[nodiscard]] bool is_built() const noexcept { return !large_.empty() || !small_.empty(); }
  /// In place, on all ranks.
  void sum(Ranks& ranks);

 private:
  std::vector<Parameter*> large_, small_;
  std::int64_t small_size_ = 0;
  FloatBuffer packed_;
};

}  // namespace kairos::host
