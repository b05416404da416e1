// SPDX-License-Identifier: MIT
// The random numbers that order the samples of a pass.
#pragma once

#include <cstdint>
#include <random>

namespace kairos::host {

/// Each pass has its own generator, so that a run that begins at any pass has the same order as an
/// uninterrupted one.
[[nodiscard]] inline std::mt19937_64 pass_random(std::uint64_t seed, std::int64_t pass) {
  const auto number = static_cast<std::uint64_t>(pass);
  std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                         static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32)};
  return std::mt19937_64(sequence);
}

/// An unbiased number below `bound`; std::uniform_int_distribution may differ between standard libraries.
[[nodiscard]] inline std::uint64_t below(std::mt19937_64& random, std::uint64_t bound) {
  const std::uint64_t limit = random.max() - random.max() % bound;
  std::uint64_t number = random();
  while (number >= limit) number = random();
  return number % bound;
}

}  // namespace kairos::host
