// SPDX-License-Identifier: MIT
// Vectors as wide as the level has them that a file is compiled for.
#pragma once

#include <cstdint>

// Everything small is forced inline: a copy of it that was compiled for a new processor must not be the one
// that the linker keeps for all.
#define KAIROS_INLINE inline __attribute__((always_inline))

namespace kairos::host {

namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float Vector __attribute__((vector_size(lanes * sizeof(float)), aligned(sizeof(float)), may_alias));

KAIROS_INLINE Vector load(const float* from) {
  return *reinterpret_cast<const Vector*>(from);
}
KAIROS_INLINE void store(Vector value, float* to) {
  *reinterpret_cast<Vector*>(to) = value;
}
KAIROS_INLINE Vector all(float value) {
  return value - Vector{};
}

}  // namespace

}  // namespace kairos::host
