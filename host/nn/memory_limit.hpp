// SPDX-License-Identifier: MIT
// How many values a model may hold: an architecture of one line can ask for more memory than there is.
#pragma once

#include <cstdint>

namespace kairos::host {

/// Counts values of float32 before they are allocated.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::int64_t values) noexcept : all_(values), left_(values) {}

  [[nodiscard]] std::int64_t all() const noexcept { return all_; }
  /// False, and nothing is taken, if fewer are left.
  [[nodiscard]] bool take(std::int64_t values) noexcept {
    if (values > left_) return false;
    left_ -= values;
    return true;
  }

 private:
  std::int64_t all_;
  std::int64_t left_;
};

/// What fits into the memory that this machine has.
[[nodiscard]] std::int64_t values_of_this_machine() noexcept;

}  // namespace kairos::host
