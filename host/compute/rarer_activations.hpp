// SPDX-License-Identifier: MIT
// The activations that Keras 3 added to those of Keras 2. Included by activation.cpp only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include "compute/activation.hpp"

namespace kairos::host::rarer {

// Every struct has f(x) and slope(kept), where `kept` is x or f(x) as `needs` says. NaN propagates.

inline float logistic(float x) {
  return 1 / (1 + std::exp(-x));
}

struct Celu {  ///< with Keras' alpha = 1
  static constexpr std::string_view name = "celu";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return x < 0 ? std::expm1(x) : x; }
  static float slope(float y) { return y < 0 ? y + 1 : 1; }
};
struct HardSilu {
  static constexpr std::string_view name = "hard_silu";
  static constexpr auto needs = ActivationNeeds::Input;
  static float f(float x) { return x < -3 ? 0.0F : (x > 3 ? x : x * (x + 3) / 6); }
  static float slope(float x) { return x <= -3 ? 0.0F : (x >= 3 ? 1.0F : x / 3 + 0.5F); }
};
struct HardTanh {
  static constexpr std::string_view name = "hard_tanh";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return x < -1 ? -1.0F : (x > 1 ? 1.0F : x); }
  static float slope(float y) { return y <= -1 || y >= 1 ? 0.0F : 1.0F; }
};
struct HardShrink {
  static constexpr std::string_view name = "hard_shrink";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return x >= -0.5F && x <= 0.5F ? 0.0F : x; }
  static float slope(float y) { return y == 0 ? 0.0F : 1.0F; }
};
struct SoftShrink {
  static constexpr std::string_view name = "soft_shrink";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return x > 0.5F ? x - 0.5F : (x < -0.5F ? x + 0.5F : 0 * x); }
  static float slope(float y) { return y == 0 ? 0.0F : 1.0F; }
};
struct TanhShrink {
  static constexpr std::string_view name = "tanh_shrink";
  static constexpr auto needs = ActivationNeeds::Input;
  static float f(float x) { return x - std::tanh(x); }
  static float slope(float x) { return std::tanh(x) * std::tanh(x); }
};
struct LogSigmoid {
  static constexpr std::string_view name = "log_sigmoid";
  static constexpr auto needs = ActivationNeeds::Input;
  static float f(float x) { return std::min(x, 0.0F) - std::log1p(std::exp(-std::abs(x))); }
  static float slope(float x) { return logistic(-x); }
};
struct Mish {
  static constexpr std::string_view name = "mish";
  static constexpr auto needs = ActivationNeeds::Input;
  static float tanh_of_softplus(float x) { return std::tanh(x > 20 ? x : std::log1p(std::exp(x))); }
  static float f(float x) { return x * tanh_of_softplus(x); }
  static float slope(float x) {
    const float t = tanh_of_softplus(x);
    return t + x * logistic(x) * (1 - t * t);
  }
};
struct SparsePlus {
  static constexpr std::string_view name = "sparse_plus";
  static constexpr auto needs = ActivationNeeds::Input;
  static float f(float x) { return x <= -1 ? 0.0F : (x >= 1 ? x : 0.25F * (x + 1) * (x + 1)); }
  static float slope(float x) { return x <= -1 ? 0.0F : (x >= 1 ? 1.0F : 0.5F * (x + 1)); }
};
struct SparseSigmoid {
  static constexpr std::string_view name = "sparse_sigmoid";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return x <= -1 ? 0.0F : (x >= 1 ? 1.0F : 0.5F * (x + 1)); }
  static float slope(float y) { return y <= 0 || y >= 1 ? 0.0F : 0.5F; }
};
struct Squareplus {  ///< with Keras' b = 4
  static constexpr std::string_view name = "squareplus";
  static constexpr auto needs = ActivationNeeds::Input;
  static float f(float x) { return (x + std::sqrt(x * x + 4)) / 2; }
  static float slope(float x) { return (1 + x / std::sqrt(x * x + 4)) / 2; }
};

inline void log_softmax_forward(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width) {
    const float largest = *std::max_element(x, x + width);
    float sum = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += std::exp(x[i] - largest);
    const float normaliser = largest + std::log(sum);
    for (std::int64_t i = 0; i < width; ++i) y[i] = x[i] - normaliser;
  }
}

inline void log_softmax_backward(std::int64_t rows, std::int64_t width, const float* y,
                                 const float* y_gradient, float* x_gradient) {
  for (std::int64_t row = 0; row < rows; ++row, y += width, y_gradient += width, x_gradient += width) {
    float sum = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += y_gradient[i];
    for (std::int64_t i = 0; i < width; ++i) x_gradient[i] = y_gradient[i] - std::exp(y[i]) * sum;
  }
}

/// The first half of each row times the sigmoid of the second half.
inline void glu_forward(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  const std::int64_t half = width / 2;
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += half)
    for (std::int64_t i = 0; i < half; ++i) y[i] = x[i] * logistic(x[half + i]);
}

inline void glu_backward(std::int64_t rows, std::int64_t width, const float* x, const float* y_gradient,
                         float* x_gradient) {
  const std::int64_t half = width / 2;
  for (std::int64_t row = 0; row < rows; ++row, x += width, y_gradient += half, x_gradient += width)
    for (std::int64_t i = 0; i < half; ++i) {
      const float gate = logistic(x[half + i]);
      x_gradient[i] = y_gradient[i] * gate;
      x_gradient[half + i] = y_gradient[i] * x[i] * gate * (1 - gate);
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

}  // namespace kairos::host::rarer
