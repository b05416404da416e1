// SPDX-License-Identifier: MIT
// Random numbers that are identical on every machine and with every compiler.
#pragma once

#include <cstdint>

namespace kairos::host {

/// The finalizer of SplitMix64.
[[nodiscard]] std::uint64_t mixed_bits(std::uint64_t value) noexcept;

/// Combines two keys: (seed, 3) and (seed, 4) have unrelated streams.
[[nodiscard]] std::uint64_t joined_key(std::uint64_t a, std::uint64_t b) noexcept;

/// A stream determined by its key. `random_at` gives its n-th number directly.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t key) noexcept : key_(key) {}

  double uniform() noexcept;  ///< in [0, 1)
  double normal() noexcept;   ///< mean 0, standard deviation 1

 private:
  std::uint64_t key_;
  std::uint64_t count_ = 0;
};

/// The n-th 64 bits of the stream of `key`. Resuming therefore needs no stored generator state.
[[nodiscard]] std::uint64_t random_at(std::uint64_t key, std::uint64_t n) noexcept;

/// The factors of dropout for `n` values: 0 for a fraction `rate` of them, 1 / (1 - rate) for the others.
/// Factor i depends on key, rate and i alone. `rate` is in [0, 1].
/// Unless `x` is null, product = x · factors in the same pass; product may be x.
void draw_dropout_factors(std::uint64_t key, double rate, std::int64_t n, float* factors,
                          const float* x = nullptr, float* product = nullptr) noexcept;

/// n numbers of a normal distribution. Number i depends on key, mean, deviation and i alone. They are at most
/// 5.8 deviations away from the mean.
void draw_normal_numbers(std::uint64_t key, float mean, float deviation, std::int64_t n,
                         float* values) noexcept;

}  // namespace kairos::host
