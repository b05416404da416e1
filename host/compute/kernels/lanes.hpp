// SPDX-License-Identifier: MIT
// Vectors of the width of the level that a file is compiled for.
#pragma once

#include <cstdint>

// Everything small is forced inline, so that the linker cannot keep a copy that was compiled for a newer
// processor and use it everywhere.
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

/// A whole vector, or the rest of one at the end of a row, padded with zeros.
struct Whole {
  KAIROS_INLINE Vector get(const float* from) const { return load(from); }
  KAIROS_INLINE void put(Vector value, float* to) const { store(value, to); }
};
struct Rest {
  std::int64_t count;
  KAIROS_INLINE Vector get(const float* from) const {
    float values[lanes] = {};
    for (std::int64_t i = 0; i < count; ++i) values[i] = from[i];
    return load(values);
  }
  KAIROS_INLINE void put(Vector value, float* to) const {
    float values[lanes];
    store(value, values);
    for (std::int64_t i = 0; i < count; ++i) to[i] = values[i];
  }
};

/// Calls `work(k, part)` for every vector of n values.
template <typename Work>
KAIROS_INLINE void each_vector(std::int64_t n, const Work& work) {
  std::int64_t k = 0;
  for (; k + lanes <= n; k += lanes) work(k, Whole{});
  if (k < n) work(k, Rest{n - k});
}

}  // namespace

}  // namespace kairos::host
