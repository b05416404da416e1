// SPDX-License-Identifier: MIT
// Each product is computed on one thread.
#include "compute/batched_products.hpp"

#include <algorithm>

#include "compute/parallel.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

void BatchedProducts::reserve(std::int64_t m, std::int64_t n, std::int64_t k) {
  m_ = m;
  n_ = n;
  k_ = k;
  scratch_size_ = std::max({blocked_scratch({m, n, k, {nullptr, k, 1}, {nullptr, n, 1}, nullptr}),
                            blocked_scratch({m, k, n, {nullptr, n, 1}, {nullptr, 1, n}, nullptr}),
                            blocked_scratch({k, n, m, {nullptr, 1, k}, {nullptr, n, 1}, nullptr})});
  scratch_size_ = (scratch_size_ + 15) / 16 * 16;
  scratch_.reserve(parallel_threads() * scratch_size_);
}

template <typename Of>
void BatchedProducts::each(std::int64_t count, const Of& of) {
  const TeamSize team(threads_for(count * m_ * n_ * k_));
  each_in_parallel(count, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    for (std::int64_t i = begin; i < end; ++i)
      multiply_blocked_alone(of(i), scratch_.data() + thread * scratch_size_);
  });
}

void BatchedProducts::forward(std::int64_t count, const float* a, const float* b, float* c) {
  each(count, [&](std::int64_t i) {
    return LargeProduct{m_, n_, k_, {a + i * m_ * k_, k_, 1}, {b + i * k_ * n_, n_, 1}, c + i * m_ * n_};
  });
}

void BatchedProducts::backward_a(std::int64_t count, const float* c_gradient, const float* b,
                                 float* a_gradient) {
  each(count, [&](std::int64_t i) {
    return LargeProduct{
        m_, k_, n_, {c_gradient + i * m_ * n_, n_, 1}, {b + i * k_ * n_, 1, n_}, a_gradient + i * m_ * k_};
  });
}

void BatchedProducts::backward_b(std::int64_t count, const float* a, const float* c_gradient,
                                 float* b_gradient) {
  each(count, [&](std::int64_t i) {
    return LargeProduct{
        k_, n_, m_, {a + i * m_ * k_, 1, k_}, {c_gradient + i * m_ * n_, n_, 1}, b_gradient + i * k_ * n_};
  });
}

}  // namespace kairos::host
