// SPDX-License-Identifier: MIT
// Merges the masks of several inputs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/layer.hpp"

namespace kairos::host {

/// A timestep of the output counts if it counts in any input. An input without a mask counts everywhere;
/// where Keras then gives the output no mask, this writes a mask of ones, which is equivalent. `steps[i]` is
/// the first dimension of input i: that of the output, or 1 if it is broadcast.
void unite_masks(std::int64_t batch, std::span<const Mask> masks, std::span<const std::int64_t> steps,
                 std::int64_t output_steps, float* united);

/// Concatenates the masks of each sample, for inputs that are concatenated along their timesteps.
void append_masks(std::int64_t batch, std::span<const Mask> masks, std::span<const std::int64_t> steps,
                  std::int64_t output_steps, float* appended);

}  // namespace kairos::host
