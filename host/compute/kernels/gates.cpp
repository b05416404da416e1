// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_GATE_KERNELS is the name of the level's table (see CMakeLists.txt).
#include "compute/kernels/gates.hpp"

#include "compute/kernels/lanes.hpp"

namespace kairos::host {

namespace {

typedef std::uint32_t Bits __attribute__((vector_size(lanes * sizeof(std::uint32_t))));
typedef float Aligned __attribute__((vector_size(lanes * sizeof(float))));

/// e^x to about one unit in the last place (after Cephes' expf).
KAIROS_INLINE Vector exponential(Vector x) {
  x = x > all(88.0F) ? all(88.0F) : x;
  x = x < all(-87.0F) ? all(-87.0F) : x;
  const Vector shift = all(12582912.0F);  // 1.5 · 2^23: adding it rounds to an integer
  const Vector shifted = x * 1.44269504088896341F + shift;
  const Vector whole = shifted - shift;
  const Vector r = (x - whole * 0.693359375F) + whole * 2.12194440e-4F;
  Vector p = all(1.9875691500e-4F);
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = (p * r) * r + r + 1.0F;
  const Bits exponent = (__builtin_bit_cast(Bits, static_cast<Aligned>(shifted)) + 127U) << 23U;
  return p * static_cast<Vector>(__builtin_bit_cast(Aligned, exponent));
}

KAIROS_INLINE Vector sigmoid(Vector x) {
  return 1.0F / (1.0F + exponential(-x));
}

/// A quotient of polynomials with Eigen's ptanh coefficients, accurate near 0 too.
KAIROS_INLINE Vector tanh_of(Vector x) {
  const Vector bound = all(7.90531110763549805F);
  x = x > bound ? bound : x;
  x = x < -bound ? -bound : x;
  const Vector s = x * x;
  Vector p = all(-2.76076847742355e-16F);
  p = p * s + 2.00018790482477e-13F;
  p = p * s + -8.60467152213735e-11F;
  p = p * s + 5.12229709037114e-08F;
  p = p * s + 1.48572235717979e-05F;
  p = p * s + 6.37261928875436e-04F;
  p = p * s + 4.89352455891786e-03F;
  Vector q = all(1.19825839466702e-06F);
  q = q * s + 1.18534705686654e-04F;
  q = q * s + 2.26843463243900e-03F;
  q = q * s + 4.89352518554385e-03F;
  return x * p / q;
}

void lstm(const LstmRow& row, float* output) {
  const std::int64_t n = row.units;
  float *i = row.gates, *f = i + n, *g = f + n, *o = g + n;
  const float* const before = row.cell_before;
  float* const cell = row.cell;
  each_vector(n, [&](std::int64_t k, auto part) {
    const Vector in = sigmoid(part.get(i + k)), forget = sigmoid(part.get(f + k));
    const Vector candidate = tanh_of(part.get(g + k)), out = sigmoid(part.get(o + k));
    const Vector now = forget * part.get(before + k) + in * candidate;
    part.put(in, i + k);
    part.put(forget, f + k);
    part.put(candidate, g + k);
    part.put(out, o + k);
    part.put(now, cell + k);
    part.put(out * tanh_of(now), output + k);
  });
}

void lstm_backward(const LstmRow& row, const float* output_gradient, float* cell_gradient) {
  const std::int64_t n = row.units;
  float *i = row.gates, *f = i + n, *g = f + n, *o = g + n;
  const float *before = row.cell_before, *cell = row.cell;
  each_vector(n, [&](std::int64_t k, auto part) {
    const Vector in = part.get(i + k), forget = part.get(f + k), candidate = part.get(g + k),
                 out = part.get(o + k);
    const Vector shown = tanh_of(part.get(cell + k)), dh = part.get(output_gradient + k);
    const Vector dc = part.get(cell_gradient + k) + dh * out * (1.0F - shown * shown);
    part.put(dc * forget, cell_gradient + k);
    part.put(dc * candidate * in * (1.0F - in), i + k);
    part.put(dc * part.get(before + k) * forget * (1.0F - forget), f + k);
    part.put(dc * in * (1.0F - candidate * candidate), g + k);
    part.put(dh * shown * out * (1.0F - out), o + k);
  });
}

void gru(const GruRow& row, const float* recurrent, float* output) {
  const std::int64_t n = row.units;
  float *z = row.gates, *r = z + n, *h = r + n;
  float* const inner = row.inner;
  const float* const before = row.before;
  each_vector(n, [&](std::int64_t k, auto part) {
    const Vector update = sigmoid(part.get(z + k) + part.get(recurrent + k));
    const Vector reset = sigmoid(part.get(r + k) + part.get(recurrent + n + k));
    const Vector product = part.get(recurrent + 2 * n + k);
    const Vector candidate = tanh_of(part.get(h + k) + reset * product);
    part.put(update, z + k);
    part.put(reset, r + k);
    part.put(candidate, h + k);
    part.put(product, inner + k);
    part.put(update * part.get(before + k) + (1.0F - update) * candidate, output + k);
  });
}

void gru_backward(const GruRow& row, float* gradient, float* recurrent_gradient) {
  const std::int64_t n = row.units;
  float *z = row.gates, *r = z + n, *h = r + n;
  const float *inner = row.inner, *before = row.before;
  each_vector(n, [&](std::int64_t k, auto part) {
    const Vector dy = part.get(gradient + k), update = part.get(z + k), reset = part.get(r + k),
                 candidate = part.get(h + k);
    const Vector dh = dy * (1.0F - update) * (1.0F - candidate * candidate);
    const Vector dz = dy * (part.get(before + k) - candidate) * update * (1.0F - update);
    const Vector dr = dh * part.get(inner + k) * reset * (1.0F - reset);
    part.put(dz, z + k);
    part.put(dr, r + k);
    part.put(dh, h + k);
    part.put(dz, recurrent_gradient + k);
    part.put(dr, recurrent_gradient + n + k);
    part.put(dh * reset, recurrent_gradient + 2 * n + k);
    part.put(dy * update, gradient + k);
  });
}

void tanh_all(std::int64_t n, const float* x, float* y) {
  each_vector(n, [&](std::int64_t k, auto part) { part.put(tanh_of(part.get(x + k)), y + k); });
}

}  // namespace

extern const GateKernels KAIROS_GATE_KERNELS;
const GateKernels KAIROS_GATE_KERNELS{lstm, lstm_backward, gru, gru_backward, tanh_all};

}  // namespace kairos::host
