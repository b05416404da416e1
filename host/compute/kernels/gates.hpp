// SPDX-License-Identifier: MIT
// The element-wise part of a recurrent cell's step with tanh and sigmoid, in one vectorised pass per row.
// Compiled for several levels of x86-64, as kernels.hpp. Functions are exact to some 1e-7 of the largest
// value; NaN stays NaN.
#pragma once

#include <cstdint>

namespace kairos::host {

/// One row of an LSTM: `gates` are i, f, c, o of `units` values each.
struct LstmRow {
  std::int64_t units;
  float* gates;  ///< forward: in what goes into them, out the gates; backward: in the gates, out the
                 ///< gradients of what went into them
  const float* cell_before;
  float* cell;
};

/// One row of a GRU whose reset gate works on the product with the recurrent kernel: `gates` are z, r, h.
struct GruRow {
  std::int64_t units;
  float* gates;  ///< as LstmRow's, but forward without what comes from the state
  float* inner;  ///< the recurrent part of h before the reset gate, kept for the way back
  const float* before;
};

struct GateKernels {
  void (*lstm)(const LstmRow& row, float* output);
  /// `cell_gradient` is in that of `cell`, out that of `cell_before`.
  void (*lstm_backward)(const LstmRow& row, const float* output_gradient, float* cell_gradient);
  /// `recurrent` is the part of `gates` that comes from the state.
  void (*gru)(const GruRow& row, const float* recurrent, float* output);
  /// `recurrent_gradient` has three parts as `gates`; `gradient` is in that of the output, out what goes past
  /// the products to the state before.
  void (*gru_backward)(const GruRow& row, float* gradient, float* recurrent_gradient);
  /// y may be x.
  void (*tanh)(std::int64_t n, const float* x, float* y);
};

/// The best that this processor can run.
[[nodiscard]] const GateKernels& gate_kernels() noexcept;

}  // namespace kairos::host
