// SPDX-License-Identifier: MIT
// Applies any activation function to one row of one gate.
#pragma once

#include <cstdint>

#include "compute/activation.hpp"

namespace kairos::host {

/// `x` may be `y`.
inline void apply(const Activation& activation, std::int64_t units, const float* x, float* y) {
  activation.forward(1, units, x, y);
}

/// gradient *= slope at the function's input `x` and output `y`.
inline void apply_slope(const Activation& activation, std::int64_t units, const float* x, const float* y,
                        float* gradient) {
  activation.backward(1, units, activation.needs == ActivationNeeds::Input ? x : y, gradient, gradient);
}

}  // namespace kairos::host
