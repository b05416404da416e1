// SPDX-License-Identifier: MIT
// Random numbers that depend on a key alone, so that a resumed run needs no state.
#pragma once

#include <cmath>
#include <cstdint>

namespace kairos::plugins {

/// SplitMix64 (Steele, Lea and Flood 2014): a new key for each pair of key and number.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t key, std::uint64_t number = 0) {
  std::uint64_t z = key + (number + 1) * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// Uniform in (0, 1], from the upper 53 bits.
[[nodiscard]] constexpr double uniform(std::uint64_t bits) {
  return static_cast<double>((bits >> 11) + 1) * 0x1p-53;
}

/// Adds numbers of the normal distribution, with this deviation, to `count` values (Box and Muller 1958).
inline void add_normal(float* values, std::int64_t count, double deviation, std::uint64_t key) {
  constexpr double two_pi = 6.28318530717958647692;
  for (std::int64_t i = 0; i < count; i += 2) {
    const double radius =
        deviation * std::sqrt(-2 * std::log(uniform(mixed(key, static_cast<std::uint64_t>(i)))));
    const double angle = two_pi * uniform(mixed(key, static_cast<std::uint64_t>(i) + 1));
    values[i] += static_cast<float>(radius * std::cos(angle));
    if (i + 1 < count) values[i + 1] += static_cast<float>(radius * std::sin(angle));
  }
}

}  // namespace kairos::plugins
