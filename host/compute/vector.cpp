// SPDX-License-Identifier: MIT
// Plain loops that the compiler vectorizes.
#include "compute/vector.hpp"

#include <algorithm>
#include <numeric>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"

namespace kairos::host {

namespace {

/// The sum of `sum(begin, end)` over parts of n values, which do not depend on the number of threads.
template <typename Sum>
double sum_in_parts(std::int64_t n, const Sum& sum) {
  constexpr std::int64_t most_parts = 64;
  const std::int64_t parts = std::clamp<std::int64_t>(n / least_values, 1, most_parts);
  double sums[most_parts];
  each_in_parallel(parts, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t part = begin; part < end; ++part)
      sums[part] = sum(part * n / parts, (part + 1) * n / parts);
  });
  return std::accumulate(sums, sums + parts, 0.0);
}

}  // namespace

void add_to(std::int64_t n, const float* b, float* a) noexcept {
  in_parallel(n, least_values, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a[i] += b[i];
  });
}

void multiply_each(std::int64_t n, const float* a, const float* b, float* product) noexcept {
  in_parallel(n, least_values, [=](std::int64_t begin, std::int64_t end) {
    kernels().multiply_each(end - begin, a + begin, b + begin, product + begin);
  });
}

double sum_of_squares(std::int64_t n, const float* values) noexcept {
  return sum_in_parts(n, [=](std::int64_t begin, std::int64_t end) {
    return kernels().sum_of_squares(end - begin, values + begin);
  });
}

double sum_of_magnitudes(std::int64_t n, const float* values) noexcept {
  return sum_in_parts(n, [=](std::int64_t begin, std::int64_t end) {
    return kernels().sum_of_magnitudes(end - begin, values + begin);
  });
}

std::int64_t index_of_largest(std::int64_t n, const float* values) noexcept {
  return kernels().index_of_largest(n, values);
}

}  // namespace kairos::host
