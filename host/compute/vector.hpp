// SPDX-License-Identifier: MIT
// Small operations on arrays of floats.
#pragma once

#include <cstdint>

namespace kairos::host {

/// a += b
void add_to(std::int64_t n, const float* b, float* a) noexcept;
/// product[i] = a[i] * b[i]. product may be a or b.
void multiply_each(std::int64_t n, const float* a, const float* b, float* product) noexcept;
/// In double precision; the order of summation depends on n alone.
[[nodiscard]] double sum_of_squares(std::int64_t n, const float* values) noexcept;
[[nodiscard]] double sum_of_magnitudes(std::int64_t n, const float* values) noexcept;
/// The index of the first largest value.
[[nodiscard]] std::int64_t index_of_largest(std::int64_t n, const float* values) noexcept;

}  // namespace kairos::host
