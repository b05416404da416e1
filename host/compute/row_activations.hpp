// SPDX-License-Identifier: MIT
// The activations of rows. Included by activation.cpp only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "compute/kernels/elementwise.hpp"

namespace kairos::host {

inline void softmax_forward(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  function_kernels().softmax(rows, width, x, y);
}
inline void softmax_backward(std::int64_t rows, std::int64_t width, const float* y, const float* y_gradient,
                             float* x_gradient) {
  function_kernels().softmax_gradient(rows, width, y, y_gradient, x_gradient);
}

inline void log_softmax_forward(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  function_kernels().log_softmax(rows, width, x, y);
}
inline void log_softmax_backward(std::int64_t rows, std::int64_t width, const float* y,
                                 const float* y_gradient, float* x_gradient) {
  function_kernels().log_softmax_gradient(rows, width, y, y_gradient, x_gradient);
}

inline void sigmoid_of(std::int64_t n, const float* x, float* y) {
  function_kernels().functions[static_cast<std::size_t>(Function::Sigmoid)].value(n, nullptr, x, y);
}

/// The first half of each row times the sigmoid of the second half.
inline void glu_forward(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  const std::int64_t half = width / 2;
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += half) {
    sigmoid_of(half, x + half, y);
    for (std::int64_t i = 0; i < half; ++i) y[i] *= x[i];
  }
}

inline void glu_backward(std::int64_t rows, std::int64_t width, const float* x, const float* y_gradient,
                         float* x_gradient) {
  const std::int64_t half = width / 2;
  for (std::int64_t row = 0; row < rows; ++row, x += width, y_gradient += half, x_gradient += width) {
    float* const gates = x_gradient + half;
    sigmoid_of(half, x + half, gates);
    for (std::int64_t i = 0; i < half; ++i) {
      const float gate = gates[i];
      x_gradient[i] = y_gradient[i] * gate;
      gates[i] = y_gradient[i] * x[i] * gate * (1 - gate);
    }
  }
}

/// The projection of each row onto the probability simplex (Martins and Astudillo, 2016). The threshold is
/// found without sorting: values below it are removed from the sum until none is (Michelot, 1986).
inline void sparsemax_forward(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width) {
    const auto largest = static_cast<double>(*std::max_element(x, x + width));
    const auto below = [=](std::int64_t i) { return static_cast<double>(x[i]) - largest; };
    double taken = -INFINITY;
    std::int64_t before = 0, counted = width + 1;
    do {
      double sum = 0;
      before = std::exchange(counted, 0);
      for (std::int64_t i = 0; i < width; ++i) {
        if (below(i) <= taken) continue;
        sum += below(i);
        ++counted;
      }
      taken = (sum - 1) / static_cast<double>(counted);
    } while (counted < before);  // not "until equal": rounding may bring back a value at the threshold
    for (std::int64_t i = 0; i < width; ++i) {
      const double left = below(i) - taken;
      y[i] = left < 0 ? 0.0F : static_cast<float>(left);
    }
  }
}

inline void sparsemax_backward(std::int64_t rows, std::int64_t width, const float* y, const float* y_gradient,
                               float* x_gradient) {
  for (std::int64_t row = 0; row < rows; ++row, y += width, y_gradient += width, x_gradient += width) {
    float sum = 0;
    float support = 0;
    for (std::int64_t i = 0; i < width; ++i)
      if (y[i] != 0) sum += y_gradient[i], support += 1;
    for (std::int64_t i = 0; i < width; ++i) x_gradient[i] = y[i] == 0 ? 0.0F : y_gradient[i] - sum / support;
  }
}

}  // namespace kairos::host
