// SPDX-License-Identifier: MIT
// Vectors of the width of the level that a file is compiled for.
#pragma once

#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>  // its functions are always inlined too
#endif

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

/// A whole vector, or the rest of one at the end of a row, padded with zeros or with another value.
struct Whole {
  KAIROS_INLINE Vector get(const float* from, float = 0) const { return load(from); }
  KAIROS_INLINE void put(Vector value, float* to) const { store(value, to); }
  static KAIROS_INLINE std::int64_t size() { return lanes; }
  /// `value` with zeros in place of what was computed from the padding.
  KAIROS_INLINE Vector kept(Vector value) const { return value; }
};
class Rest {
 public:
  KAIROS_INLINE explicit Rest(std::int64_t count) : count_(static_cast<std::int32_t>(count)) {}
  KAIROS_INLINE std::int64_t size() const { return count_; }
#if defined(__AVX512F__)
  KAIROS_INLINE Vector get(const float* from, float padding = 0) const {
    return _mm512_mask_loadu_ps(all(padding), mask(), from);
  }
  KAIROS_INLINE void put(Vector value, float* to) const {
    _mm512_mask_storeu_ps(to, mask(), value);
  }
#elif defined(__AVX2__)
  KAIROS_INLINE Vector get(const float* from, float padding = 0) const {
    const Vector found = _mm256_maskload_ps(from, __builtin_bit_cast(__m256i, taken()));
    return taken() ? found : all(padding);
  }
  KAIROS_INLINE void put(Vector value, float* to) const {
    _mm256_maskstore_ps(to, __builtin_bit_cast(__m256i, taken()), value);
  }
#else
  KAIROS_INLINE Vector get(const float* from, float padding = 0) const {
    Vector value = all(padding);
    for (int i = 0; i < count_; ++i) value[i] = from[i];
    return value;
  }
  KAIROS_INLINE void put(Vector value, float* to) const {
    for (int i = 0; i < count_; ++i) to[i] = value[i];
  }
#endif
  KAIROS_INLINE Vector kept(Vector value) const {
    return taken() ? value : Vector{};
  }

 private:
  typedef std::int32_t Lanes __attribute__((vector_size(lanes * sizeof(std::int32_t))));

#if defined(__AVX512F__)
  KAIROS_INLINE __mmask16 mask() const {
    return static_cast<__mmask16>((1U << count_) - 1U);
  }
#endif
  /// -1 in the lanes that hold values, else 0.
  KAIROS_INLINE Lanes taken() const {
    Lanes index;
    for (int i = 0; i < lanes; ++i) index[i] = i;
    return index < count_;
  }

  std::int32_t count_;
};

/// Calls `work(k, part)` for every vector of n values.
template <typename Work>
KAIROS_INLINE void each_vector(std::int64_t n, const Work& work) {
  std::int64_t k = 0;
  for (; k + lanes <= n; k += lanes) work(k, Whole{});
  if (k < n) work(k, Rest(n - k));
}

/// Exchanges lanes whose indices differ by `half`, a power of 2.
template <int half>
KAIROS_INLINE Vector exchanged(Vector v) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(v, v, 0 ^ half, 1 ^ half, 2 ^ half, 3 ^ half, 4 ^ half, 5 ^ half, 6 ^ half,
                                 7 ^ half, 8 ^ half, 9 ^ half, 10 ^ half, 11 ^ half, 12 ^ half, 13 ^ half,
                                 14 ^ half, 15 ^ half);
#elif defined(__AVX2__)
  return __builtin_shufflevector(v, v, 0 ^ half, 1 ^ half, 2 ^ half, 3 ^ half, 4 ^ half, 5 ^ half, 6 ^ half,
                                 7 ^ half);
#else
  return __builtin_shufflevector(v, v, 0 ^ half, 1 ^ half, 2 ^ half, 3 ^ half);
#endif
}

/// Combines all lanes in pairs: `of(a, b)`.
template <typename Of>
KAIROS_INLINE float folded(Vector v, const Of& of) {
  if constexpr (lanes > 8) v = of(v, exchanged<8 % lanes>(v));
  if constexpr (lanes > 4) v = of(v, exchanged<4 % lanes>(v));
  v = of(v, exchanged<2>(v));
  return of(v, exchanged<1>(v))[0];
}
KAIROS_INLINE float sum_of(Vector values) {
  return folded(values, [](Vector a, Vector b) { return a + b; });
}
KAIROS_INLINE float largest_of(Vector values) {
  return folded(values, [](Vector a, Vector b) { return a < b ? b : a; });
}

/// The sum of `of(k, part)` over a row, in blocks.
template <typename Of>
KAIROS_INLINE double sum_over_row(std::int64_t width, const Of& of) {
  constexpr std::int64_t block = 1024;
  double sum = 0;
  for (std::int64_t first = 0; first < width; first += block) {
    Vector sums{};
    each_vector(width - first < block ? width - first : block,
                [&](std::int64_t k, auto part) { sums += part.kept(of(first + k, part)); });
    sum += static_cast<double>(sum_of(sums));
  }
  return sum;
}

}  // namespace

}  // namespace kairos::host
