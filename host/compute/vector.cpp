// SPDX-License-Identifier: MIT
// Plain loops that the compiler vectorizes.
#include "compute/vector.hpp"

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"

namespace kairos::host {

void add_to(std::int64_t n, const float* b, float* a) noexcept {
  for (std::int64_t i = 0; i < n; ++i) a[i] += b[i];
}

void multiply_each(std::int64_t n, const float* a, const float* b, float* product) noexcept {
  constexpr std::int64_t min_per_thread = 262144;
  in_parallel(n, min_per_thread, [=](std::int64_t begin, std::int64_t end) {
    kernels().multiply_each(end - begin, a + begin, b + begin, product + begin);
  });
}

double sum_of_squares(std::int64_t n, const float* values) noexcept {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return sum;
}

std::int64_t index_of_largest(std::int64_t n, const float* values) noexcept {
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < n; ++i)
    if (values[i] > values[best]) best = i;
  return best;
}

}  // namespace kairos::host
