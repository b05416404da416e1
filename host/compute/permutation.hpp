// SPDX-License-Identifier: MIT
// Arrays with their dimensions in another order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kairos::host {

inline constexpr std::size_t most_dimensions = 16;

/// Copies an array: dimension i of `to` is dimension order[i] of `from`, which has the given shape of at most
/// most_dimensions. The arrays must not overlap. Allocates nothing.
void permute(std::span<const std::int64_t> shape, std::span<const std::size_t> order, const float* from,
             float* to);

/// Whether the order is 0, 1, 2, …, so that `permute` would copy the array unchanged.
[[nodiscard]] bool is_in_order(std::span<const std::size_t> order) noexcept;

}  // namespace kairos::host
