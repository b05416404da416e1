// SPDX-License-Identifier: MIT
// The elementwise part of LSTM steps with any activations.
#pragma once

#include <cstdint>

#include "compute/activation.hpp"
#include "compute/buffer.hpp"
#include "compute/kernels/gates.hpp"

namespace kairos::host {

/// Uses the fused kernels for tanh and sigmoid. Threads may share the rows.
class LstmRows {
 public:
  /// `rows` of all steps and `step_rows` of one; the activations must live as long.
  void reserve(const Activation& activation, const Activation& gate, std::int64_t units, std::int64_t rows,
               std::int64_t step_rows);

  /// `index` is that of the row among the rows of all steps.
  void forward(const LstmRow& row, std::int64_t index, float* output);
  /// As the kernels of GateKernels; `step_index` is the row's index among those of its step.
  void backward(const LstmRow& row, std::int64_t index, std::int64_t step_index, const float* output_gradient,
                float* cell_gradient);

 private:
  [[nodiscard]] const Activation& function(std::int64_t gate) const {
    return gate == 2 ? *activation_ : *gate_;
  }

  const Activation* activation_ = nullptr;
  const Activation* gate_ = nullptr;
  bool fused_ = false;
  FloatBuffer sums_;     ///< [rows, 4 · units] if not fused: pre-activations
  FloatBuffer scratch_;  ///< [rows of a step, 5 · units] if not fused
};

}  // namespace kairos::host
