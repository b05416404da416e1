// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_GATE_KERNELS is the name of the level's table (see CMakeLists.txt).
#include "compute/kernels/gates.hpp"

#include "compute/kernels/functions.hpp"

namespace kairos::host {

namespace {

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

}  // namespace

extern const GateKernels KAIROS_GATE_KERNELS;
const GateKernels KAIROS_GATE_KERNELS{lstm, lstm_backward, gru, gru_backward};

}  // namespace kairos::host
