// SPDX-License-Identifier: MIT
// Written once, compiled for several levels of x86-64, chosen when it first runs.
#include "compute/gates.hpp"

#include <bit>

namespace kairos::host {

namespace {

#if defined(__x86_64__)
#define KAIROS_LEVELS 1
#else
#define KAIROS_LEVELS 0
#endif

// Everything below is forced inline into functions that are compiled for a level each.
#define KAIROS_INLINE [[gnu::always_inline]] inline

// The arrays of a row do not overlap, or are the same.
#if defined(__clang__)
#define KAIROS_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define KAIROS_INDEPENDENT _Pragma("GCC ivdep")
#endif

/// e^x to about one unit in the last place, without a branch so that a loop over it uses vectors (after
/// Cephes' expf). NaN stays NaN.
KAIROS_INLINE float exponential(float x) {
  x = x > 88.0F ? 88.0F : x;
  x = x < -87.0F ? -87.0F : x;
  constexpr float shift = 12582912.0F;  // 1.5 · 2^23: adding it rounds to a whole number
  const float shifted = x * 1.44269504088896341F + shift;
  const float whole = shifted - shift;
  const float r = (x - whole * 0.693359375F) + whole * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = (p * r) * r + r + 1.0F;
  const std::uint32_t exponent = std::bit_cast<std::uint32_t>(shifted) + 127U;
  return p * std::bit_cast<float>(exponent << 23U);
}

KAIROS_INLINE float sigmoid(float x) {
  return 1.0F / (1.0F + exponential(-x));
}

/// A quotient of polynomials, exact near 0 too (the coefficients are those of Eigen's ptanh).
KAIROS_INLINE float tanh_of(float x) {
  constexpr float bound = 7.90531110763549805F;
  x = x > bound ? bound : x;
  x = x < -bound ? -bound : x;
  const float s = x * x;
  float p = -2.76076847742355e-16F;
  p = p * s + 2.00018790482477e-13F;
  p = p * s + -8.60467152213735e-11F;
  p = p * s + 5.12229709037114e-08F;
  p = p * s + 1.48572235717979e-05F;
  p = p * s + 6.37261928875436e-04F;
  p = p * s + 4.89352455891786e-03F;
  float q = 1.19825839466702e-06F;
  q = q * s + 1.18534705686654e-04F;
  q = q * s + 2.26843463243900e-03F;
  q = q * s + 4.89352518554385e-03F;
  return x * p / q;
}

KAIROS_INLINE void lstm_forward(const LstmRow& row, const float* recurrent, float* output) {
  const std::int64_t n = row.units;
  float* const i = row.gates;
  float* const f = row.gates + n;
  float* const g = row.gates + 2 * n;
  float* const o = row.gates + 3 * n;
  const float* const before = row.cell_before;
  float* const cell = row.cell;
  KAIROS_INDEPENDENT
  for (std::int64_t k = 0; k < n; ++k) {
    i[k] = sigmoid(i[k] + recurrent[k]);
    f[k] = sigmoid(f[k] + recurrent[n + k]);
    g[k] = tanh_of(g[k] + recurrent[2 * n + k]);
    o[k] = sigmoid(o[k] + recurrent[3 * n + k]);
    cell[k] = f[k] * before[k] + i[k] * g[k];
    output[k] = o[k] * tanh_of(cell[k]);
  }
}

KAIROS_INLINE void lstm_backward(const LstmRow& row, const float* output_gradient, float* cell_gradient) {
  const std::int64_t n = row.units;
  float* const i = row.gates;
  float* const f = row.gates + n;
  float* const g = row.gates + 2 * n;
  float* const o = row.gates + 3 * n;
  const float* const before = row.cell_before;
  const float* const cell = row.cell;
  KAIROS_INDEPENDENT
  for (std::int64_t k = 0; k < n; ++k) {
    const float shown = tanh_of(cell[k]);
    const float dh = output_gradient[k];
    const float dc = cell_gradient[k] + dh * o[k] * (1 - shown * shown);
    const float in = i[k], forget = f[k], candidate = g[k], out = o[k];
    cell_gradient[k] = dc * forget;
    i[k] = dc * candidate * in * (1 - in);
    f[k] = dc * before[k] * forget * (1 - forget);
    g[k] = dc * in * (1 - candidate * candidate);
    o[k] = dh * shown * out * (1 - out);
  }
}

KAIROS_INLINE void gru_forward(const GruRow& row, const float* recurrent, float* output) {
  const std::int64_t n = row.units;
  float* const z = row.gates;
  float* const r = row.gates + n;
  float* const h = row.gates + 2 * n;
  float* const inner = row.inner;
  const float* const before = row.before;
  KAIROS_INDEPENDENT
  for (std::int64_t k = 0; k < n; ++k) {
    z[k] = sigmoid(z[k] + recurrent[k]);
    r[k] = sigmoid(r[k] + recurrent[n + k]);
    inner[k] = recurrent[2 * n + k];
    h[k] = tanh_of(h[k] + r[k] * inner[k]);
    output[k] = z[k] * before[k] + (1 - z[k]) * h[k];
  }
}

KAIROS_INLINE void gru_backward(const GruRow& row, float* gradient, float* recurrent_gradient) {
  const std::int64_t n = row.units;
  float* const z = row.gates;
  float* const r = row.gates + n;
  float* const h = row.gates + 2 * n;
  const float* const inner = row.inner;
  const float* const before = row.before;
  KAIROS_INDEPENDENT
  for (std::int64_t k = 0; k < n; ++k) {
    const float dy = gradient[k];
    const float update = z[k], reset = r[k], candidate = h[k];
    const float dh = dy * (1 - update) * (1 - candidate * candidate);
    z[k] = dy * (before[k] - candidate) * update * (1 - update);
    r[k] = dh * inner[k] * reset * (1 - reset);
    h[k] = dh;
    recurrent_gradient[k] = z[k];
    recurrent_gradient[n + k] = r[k];
    recurrent_gradient[2 * n + k] = dh * reset;
    gradient[k] = dy * update;
  }
}

struct Loops {
  void (*lstm)(const LstmRow&, const float*, float*);
  void (*lstm_backward)(const LstmRow&, const float*, float*);
  void (*gru)(const GruRow&, const float*, float*);
  void (*gru_backward)(const GruRow&, float*, float*);
};

// A lambda with a target attribute would be shorter, but the two compilers differ on what may be inlined
// there.
#define KAIROS_LOOPS(level, attribute)                                               \
  attribute void lstm_##level(const LstmRow& a, const float* b, float* c) {          \
    lstm_forward(a, b, c);                                                           \
  }                                                                                  \
  attribute void lstm_backward_##level(const LstmRow& a, const float* b, float* c) { \
    lstm_backward(a, b, c);                                                          \
  }                                                                                  \
  attribute void gru_##level(const GruRow& a, const float* b, float* c) {            \
    gru_forward(a, b, c);                                                            \
  }                                                                                  \
  attribute void gru_backward_##level(const GruRow& a, float* b, float* c) {         \
    gru_backward(a, b, c);                                                           \
  }                                                                                  \
  constexpr Loops loops_##level{lstm_##level, lstm_backward_##level, gru_##level, gru_backward_##level};

KAIROS_LOOPS(plain, )
#if KAIROS_LEVELS
KAIROS_LOOPS(avx2, [[gnu::target("avx2,fma")]])
KAIROS_LOOPS(avx512, [[gnu::target("avx512f,avx512dq,avx512vl,fma")]])
#endif

const Loops& loops() {
#if KAIROS_LEVELS
  static const Loops& chosen =
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") ? loops_avx512
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")        ? loops_avx2
                                                                               : loops_plain;
  return chosen;
#else
  return loops_plain;
#endif
}

}  // namespace

void lstm_row(const LstmRow& row, const float* recurrent, float* output) {
  loops().lstm(row, recurrent, output);
}
void lstm_row_backward(const LstmRow& row, const float* output_gradient, float* cell_gradient) {
  loops().lstm_backward(row, output_gradient, cell_gradient);
}
void gru_row(const GruRow& row, const float* recurrent, float* output) {
  loops().gru(row, recurrent, output);
}
void gru_row_backward(const GruRow& row, float* gradient, float* recurrent_gradient) {
  loops().gru_backward(row, gradient, recurrent_gradient);
}

}  // namespace kairos::host
