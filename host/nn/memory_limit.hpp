// SPDX-License-Identifier: MIT
// Limits the size of a model: a one-line architecture can ask for more memory than the machine has.
#pragma once

#include <cstdint>

namespace kairos::host {

/// Counts float32 values before they are allocated.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::int64_t values) noexcept : total_(values), left_(values) {}

  [[nodiscard]] std::int64_t total() const noexcept { return total_; }
  /// Returns false and takes nothing if fewer are left.
  [[nodiscard]] bool take(std::int64_t values) noexcept {
    if (values > left_) return false;
    left_ -= values;
    return true;
  }

 private:
  std::int64_t total_;
  std::int64_t left_;
};

/// The number of float32 values that fit into this machine's memory.
[[nodiscard]] std::int64_t values_of_this_machine() noexcept;

}  // namespace kairos::host
