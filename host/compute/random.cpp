// SPDX-License-Identifier: MIT
// SplitMix64 as a counter-based generator.
#include "compute/random.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "compute/kernels/kernels.hpp"
#include "compute/kernels/layers.hpp"
#include "compute/parallel.hpp"

namespace kairos::host {

std::uint64_t mixed_bits(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

std::uint64_t joined_key(std::uint64_t a, std::uint64_t b) noexcept {
  return mixed_bits(mixed_bits(a + 0x9E3779B97F4A7C15ULL) ^
                    (b * 0xD1B54A32D192ED03ULL + 0x8CB92BA72F3D8DD7ULL));
}

std::uint64_t random_at(std::uint64_t key, std::uint64_t n) noexcept {
  return mixed_bits(key + (n + 1) * 0x9E3779B97F4A7C15ULL);
}

double RandomStream::uniform() noexcept {
  return static_cast<double>(random_at(key_, count_++) >> 11) * 0x1p-53;
}

double RandomStream::normal() noexcept {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

void draw_dropout_factors(std::uint64_t key, double rate, std::int64_t n, float* factors, const float* x,
                          float* product) noexcept {
  constexpr double whole = 18446744073709551616.0;  // 2^64
  const std::uint64_t drop_below =
      rate < 1 ? static_cast<std::uint64_t>(rate * whole) : std::numeric_limits<std::uint64_t>::max();
  const float scale = rate < 1 ? static_cast<float>(1 / (1 - rate)) : 0.0F;
  in_parallel(n, least_values, [=](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t block = 4096;  // so that the cache keeps the factors for the product
    for (std::int64_t first = begin; first < end; first += block) {
      const std::int64_t count = std::min(block, end - first);
      kernels().draw_factors(count, key, static_cast<std::uint64_t>(first), drop_below, scale,
                             factors + first);
      if (x != nullptr) kernels().multiply_each(count, x + first, factors + first, product + first);
    }
  });
}

void draw_normal_numbers(std::uint64_t key, float mean, float deviation, std::int64_t n,
                         float* values) noexcept {
  in_parallel(n, least_values, [=](std::int64_t begin, std::int64_t end) {
    layer_kernels().draw_normal(end - begin, key, static_cast<std::uint64_t>(begin), mean, deviation,
                                values + begin);
  });
}

}  // namespace kairos::host
