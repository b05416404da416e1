// SPDX-License-Identifier: MIT
// Searches tensors for NaN and infinity.
#pragma once

#include <cstdint>
#include <cstring>
#include <kairos/event.hpp>
#include <optional>
#include <string>

namespace kairos::plugins {

/// True if no element is NaN or infinite.
[[nodiscard]] inline bool is_finite(const Tensor& tensor) {
  const float* values = tensor.data();
  const std::int64_t size = tensor.size();
  std::uint32_t found = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, values + i, sizeof bits);
    // Carries into the sign bit if all bits of the exponent are set.
    found |= (bits & 0x7fffffffU) + 0x00800000U;
  }
  return (found & 0x80000000U) == 0;
}

/// Name of the first tensor of a role that has a NaN or an infinity; empty if none has.
[[nodiscard]] inline std::optional<std::string> first_not_finite(const Event& event, Role role) {
  for (std::uint32_t i = 0; i < event.tensor_count(role); ++i) {
    const Tensor tensor = event.tensor(role, i);
    if (!is_finite(tensor)) return std::string(tensor.name());
  }
  return std::nullopt;
}

}  // namespace kairos::plugins
