// SPDX-License-Identifier: MIT
// The largest value, or the mean, under a window that goes over pictures with channels last.
#pragma once

#include <cstdint>

#include "compute/window.hpp"

namespace kairos::host {

/// x is [batch, rows, columns, channels]. `winner` gets, for each value of y, where in its picture it comes
/// from; margins never win. A NaN wins always: a run that broke must show it.
void max_pool(std::int64_t batch, std::int64_t channels, const Window& window, const float* x, float* y,
              std::int32_t* winner);
void max_pool_backward(std::int64_t batch, std::int64_t channels, const Window& window,
                       const std::int32_t* winner, const float* y_gradient, float* x_gradient);

/// Margins do not count in a mean.
void average_pool(std::int64_t batch, std::int64_t channels, const Window& window, const float* x, float* y);
void average_pool_backward(std::int64_t batch, std::int64_t channels, const Window& window,
                           const float* y_gradient, float* x_gradient);

}  // namespace kairos::host
