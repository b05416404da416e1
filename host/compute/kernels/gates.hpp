// SPDX-License-Identifier: MIT
// The elementwise part of a recurrent step with tanh and sigmoid, in one vectorized pass per row. Compiled
// for several levels of x86-64, like kernels.hpp. Functions are accurate to about 1e-7 of the largest value;
// NaN stays NaN.
#pragma once

#include <cstdint>

namespace kairos::host {

/// One row of an LSTM. `gates` are i, f, c, o with `units` values each.
struct LstmRow {
  std::int64_t units;
  float* gates;  ///< in forward: in the pre-activations, out the gates; in backward: in the gates, out the
                 ///< gradients of the pre-activations
  const float* cell_before;
  float* cell;
};

/// One row of a GRU with reset_after: the reset gate is applied to the recurrent product. `gates` are z, r,
/// h.
struct GruRow {
  std::int64_t units;
  float* gates;  ///< as in LstmRow, but in forward without the recurrent part
  float* inner;  ///< the recurrent part of h before the reset gate, kept for the backward pass
  const float* before;
};

struct GateKernels {
  void (*lstm)(const LstmRow& row, float* output);
  /// `cell_gradient`: in the gradient of `cell`, out that of `cell_before`.
  void (*lstm_backward)(const LstmRow& row, const float* output_gradient, float* cell_gradient);
  /// `recurrent` is the recurrent part of `gates`.
  void (*gru)(const GruRow& row, const float* recurrent, float* output);
  /// `recurrent_gradient` has three parts like `gates`. `gradient`: in the gradient of the output, out the
  /// part of the previous state's gradient that bypasses the products.
  void (*gru_backward)(const GruRow& row, float* gradient, float* recurrent_gradient);
};

/// The table for the highest level that this processor supports.
[[nodiscard]] const GateKernels& gate_kernels() noexcept;

}  // namespace kairos::host
