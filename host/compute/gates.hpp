// SPDX-License-Identifier: MIT
// The element-wise part of an LSTM's and a GRU's step with tanh and sigmoid, in one vectorised pass per row.
#pragma once

#include <cstdint>

namespace kairos::host {

/// One row of an LSTM: `gates` are i, f, c, o of `units` values each. Exact to some 1e-7 of the largest
/// value.
struct LstmRow {
  std::int64_t units;
  float* gates;  ///< forward: in the part of the input, out the gates; backward: in the gates, out the
                 ///< gradients of what went into them
  const float* cell_before;
  float* cell;
};

/// `recurrent` is the part of `gates` that comes from the state.
void lstm_row(const LstmRow& row, const float* recurrent, float* output);
/// `cell_gradient` is in that of `cell`, out that of `cell_before`.
void lstm_row_backward(const LstmRow& row, const float* output_gradient, float* cell_gradient);

/// One row of a GRU whose reset gate works on the product with the recurrent kernel: `gates` are z, r, h.
struct GruRow {
  std::int64_t units;
  float* gates;  ///< as LstmRow's
  float* inner;  ///< the recurrent part of h before the reset gate, kept for the way back
  const float* before;
};

void gru_row(const GruRow& row, const float* recurrent, float* output);
/// `recurrent_gradient` has three parts as `gates`; `gradient` is in that of the output, out what goes past
/// the products to the state before.
void gru_row_backward(const GruRow& row, float* gradient, float* recurrent_gradient);

}  // namespace kairos::host
