// SPDX-License-Identifier: MIT
// The random bits of kairos.batch/1. They are part of the ABI (sdk/doc/abi.md): a resumed run gets the same.
#pragma once

#include <cstdint>
#include <string_view>

namespace kairos::host {

/// What the bits depend on.
struct RandomKey {
  std::uint64_t seed = 0;  ///< of the run
  std::string_view instance;
  std::uint64_t rank = 0;
  std::uint64_t batch = 0;  ///< number of the training batch since the model was made
  std::uint64_t stream = 0;
};

/// FNV-1a with 64 bits.
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

/// The output function of SplitMix64, a bijection.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t state) {
  state += 0x9E3779B97F4A7C15u;
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
  return state ^ (state >> 31);
}

/// Two streams of a batch, and two batches of a stream, never have the same bits by accident of the words
/// alone: each word is mixed in by a bijection.
[[nodiscard]] constexpr std::uint64_t random_bits(const RandomKey& key) {
  std::uint64_t state = 0;
  for (const std::uint64_t word : {key.seed, hash_of(key.instance), key.rank, key.batch, key.stream})
    state = mixed(state ^ word);
  return state;
}

}  // namespace kairos::host
