// SPDX-License-Identifier: MIT
// Steps of single rows, in Keras' order of gates: input, forget, candidate, output.
#include "nn/layers/lstm_rows.hpp"

#include <algorithm>

#include "nn/layers/cell_activation.hpp"

namespace kairos::host {

void LstmRows::reserve(const Activation& activation, const Activation& gate, std::int64_t units,
                       std::int64_t rows, std::int64_t step_rows) {
  activation_ = &activation;
  gate_ = &gate;
  fused_ = activation.name == "tanh" && gate.name == "sigmoid";
  if (fused_) return;
  sums_.reserve(rows * 4 * units);
  scratch_.reserve(step_rows * 5 * units);
}

void LstmRows::forward(const LstmRow& row, std::int64_t index, float* output) {
  if (fused_) return gate_kernels().lstm(row, output);
  const std::int64_t n = row.units;
  float* const sums = sums_.data() + index * 4 * n;
  std::copy_n(row.gates, 4 * n, sums);
  for (std::int64_t gate = 0; gate < 4; ++gate)
    apply(function(gate), n, sums + gate * n, row.gates + gate * n);
  const float *i = row.gates, *f = i + n, *g = f + n, *o = g + n;
  for (std::int64_t k = 0; k < n; ++k) row.cell[k] = f[k] * row.cell_before[k] + i[k] * g[k];
  apply(*activation_, n, row.cell, output);
  for (std::int64_t k = 0; k < n; ++k) output[k] *= o[k];
}

void LstmRows::backward(const LstmRow& row, std::int64_t index, std::int64_t step_index,
                        const float* output_gradient, float* cell_gradient) {
  if (fused_) return gate_kernels().lstm_backward(row, output_gradient, cell_gradient);
  const std::int64_t n = row.units;
  const float* const sums = sums_.data() + index * 4 * n;
  float* const activated = scratch_.data() + step_index * 5 * n;
  float *const di = activated + n, *const df = di + n, *const dg = df + n, *const dout = dg + n;
  const float *i = row.gates, *f = i + n, *g = f + n, *o = g + n;
  apply(*activation_, n, row.cell, activated);
  for (std::int64_t k = 0; k < n; ++k) di[k] = output_gradient[k] * o[k];
  apply_slope(*activation_, n, row.cell, activated, di);
  for (std::int64_t k = 0; k < n; ++k) {
    const float dc = cell_gradient[k] + di[k];
    di[k] = dc * g[k];
    df[k] = dc * row.cell_before[k];
    dg[k] = dc * i[k];
    dout[k] = output_gradient[k] * activated[k];
    cell_gradient[k] = dc * f[k];
  }
  for (std::int64_t gate = 0; gate < 4; ++gate)
    apply_slope(function(gate), n, sums + gate * n, row.gates + gate * n, di + gate * n);
  std::copy_n(di, 4 * n, row.gates);
}

}  // namespace kairos::host
