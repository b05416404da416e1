// SPDX-License-Identifier: MIT
// Random numbers that are the same on every machine and with every compiler.
#pragma once

#include <cstdint>

namespace kairos::host {

/// A well mixed function of `value` (the finaliser of SplitMix64).
[[nodiscard]] std::uint64_t mixed_bits(std::uint64_t value) noexcept;

/// Joins two keys into one, so that ("seed", "layer 3") and ("seed", "layer 4") have unrelated streams.
[[nodiscard]] std::uint64_t joined_key(std::uint64_t a, std::uint64_t b) noexcept;

/// A stream that is fixed by its key. The n-th number can be had directly too: see `random_at`.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t key) noexcept : key_(key) {}

  double uniform() noexcept;  ///< in [0, 1)
  double normal() noexcept;   ///< mean 0, standard deviation 1

 private:
  std::uint64_t key_;
  std::uint64_t count_ = 0;
};

/// The n-th 64 bits of the stream of `key`: nothing has to be stored to go on after an interruption.
[[nodiscard]] std::uint64_t random_at(std::uint64_t key, std::uint64_t n) noexcept;

/// What dropout multiplies `n` values by: 0 for the share `rate` of them, and for the others what keeps the
/// mean. The i-th depends on key, rate and i alone. `rate` is 0 to 1.
void draw_dropout_factors(std::uint64_t key, double rate, std::int64_t n, float* factors) noexcept;

}  // namespace kairos::host
