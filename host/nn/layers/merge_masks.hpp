// SPDX-License-Identifier: MIT
// What becomes of the masks of inputs that are merged.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/layer.hpp"

namespace kairos::host {

/// A timestep of the output counts if it does in any input. An input without a mask counts everywhere, and so
/// an output that Keras gives none gets one of ones here, which means the same. `steps[i]` is the first
/// dimension of input i: that of the output, or 1 where it is repeated.
void unite_masks(std::int64_t batch, std::span<const Mask> masks, std::span<const std::int64_t> steps,
                 std::int64_t output_steps, float* united);

/// The masks one behind the other in each sample, for inputs that are concatenated over their timesteps.
void append_masks(std::int64_t batch, std::span<const Mask> masks, std::span<const std::int64_t> steps,
                  std::int64_t output_steps, float* appended);

}  // namespace kairos::host
