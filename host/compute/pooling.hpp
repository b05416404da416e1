// SPDX-License-Identifier: MIT
// Max pooling and average pooling of images and volumes with channels last.
#pragma once

#include <cstdint>

#include "compute/window.hpp"

namespace kairos::host {

/// x is [batch, rows, columns, channels], or [batch, depth, rows, columns, channels]. `winner` gets the index
/// of the pixel that each value of y comes from. Padding never wins. NaN always wins, so that a diverged run
/// is visible.
void max_pool(std::int64_t batch, std::int64_t channels, const VolumeWindow& window, const float* x, float* y,
              std::int32_t* winner);
void max_pool_backward(std::int64_t batch, std::int64_t channels, const VolumeWindow& window,
                       const std::int32_t* winner, const float* y_gradient, float* x_gradient);

/// Padding does not count in the mean.
void average_pool(std::int64_t batch, std::int64_t channels, const VolumeWindow& window, const float* x,
                  float* y);
void average_pool_backward(std::int64_t batch, std::int64_t channels, const VolumeWindow& window,
                           const float* y_gradient, float* x_gradient);

}  // namespace kairos::host
