// SPDX-License-Identifier: MIT
// A fast checksum of 64 bits for data that may be damaged, not for data that somebody may forge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace kairos::host {

namespace detail {

/// Both halves of the product.
[[nodiscard]] inline std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace detail

/// The same number for the same bytes and seed on every machine of this byte order; the hash of a first part
/// as the seed of the next makes one of both.
[[nodiscard]] inline std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0) noexcept {
  constexpr std::uint64_t key[] = {0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3,
                                   0x589965cc75374cc3};
  constexpr std::size_t block = 32;
  const auto word = [](const char* at) {
    std::uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  std::uint64_t a = seed ^ key[0], b = seed ^ key[1];
  const auto mix = [&](const char* at) {
    a = detail::folded_product(word(at) ^ key[1], word(at + 8) ^ a);
    b = detail::folded_product(word(at + 16) ^ key[2], word(at + 24) ^ b);
  };
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= block; left -= block, at += block) mix(at);
  if (left > 0) {
    char rest[block] = {};
    std::memcpy(rest, at, left);
    mix(rest);
  }
  return detail::folded_product(a ^ key[3] ^ bytes.size(), b ^ key[0]);
}

template <class T>
[[nodiscard]] std::uint64_t hash64_of(std::span<const T> values, std::uint64_t seed = 0) noexcept {
  return hash64({reinterpret_cast<const char*>(values.data()), values.size_bytes()}, seed);
}

}  // namespace kairos::host
