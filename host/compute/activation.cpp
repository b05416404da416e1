// SPDX-License-Identifier: MIT
// Each function is a small struct with a value and a slope; one template makes the loops.
#include "compute/activation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"
#include "compute/rarer_activations.hpp"

namespace kairos::host {

namespace {

// Every struct has f(x) and slope(kept), where `kept` is x or f(x) as `needs` says. Comparisons are written
// so that NaN propagates: a diverged run must be visible.

struct Linear {
  static constexpr std::string_view name = "linear";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return x; }
  static float slope(float) { return 1; }
};
struct Relu6 {
  static constexpr std::string_view name = "relu6";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return x < 0 ? 0 : (x > 6 ? 6 : x); }
  static float slope(float y) { return y <= 0 || y >= 6 ? 0.0F : 1.0F; }
};
struct LeakyRelu {
  static constexpr std::string_view name = "leaky_relu";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return x < 0 ? 0.2F * x : x; }
  static float slope(float y) { return y <= 0 ? 0.2F : 1.0F; }
};
struct Sigmoid {
  static constexpr std::string_view name = "sigmoid";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return 1 / (1 + std::exp(-x)); }
  static float slope(float y) { return y * (1 - y); }
};
struct HardSigmoid {
  static constexpr std::string_view name = "hard_sigmoid";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return Relu6::f(x + 3) / 6; }
  static float slope(float y) { return y <= 0 || y >= 1 ? 0.0F : 1.0F / 6; }
};
struct Tanh {
  static constexpr std::string_view name = "tanh";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return std::tanh(x); }
  static float slope(float y) { return 1 - y * y; }
};
struct Elu {
  static constexpr std::string_view name = "elu";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return x < 0 ? std::expm1(x) : x; }
  static float slope(float y) { return y < 0 ? y + 1 : 1; }
};
struct Selu {
  static constexpr std::string_view name = "selu";
  static constexpr auto needs = ActivationNeeds::Output;
  static constexpr float alpha = 1.6732632423543772F, scale = 1.0507009873554805F;
  static float f(float x) { return x < 0 ? scale * alpha * std::expm1(x) : scale * x; }
  static float slope(float y) { return y < 0 ? y + scale * alpha : scale; }
};
struct Exponential {
  static constexpr std::string_view name = "exponential";
  static constexpr auto needs = ActivationNeeds::Output;
  static float f(float x) { return std::exp(x); }
  static float slope(float y) { return y; }
};
struct Softplus {
  static constexpr std::string_view name = "softplus";
  static constexpr auto needs = ActivationNeeds::Input;
  static float f(float x) { return x > 20 ? x : std::log1p(std::exp(x)); }
  static float slope(float x) { return Sigmoid::f(x); }
};
struct Softsign {
  static constexpr std::string_view name = "softsign";
  static constexpr auto needs = ActivationNeeds::Input;
  static float f(float x) { return x / (1 + std::abs(x)); }
  static float slope(float x) { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); }
};
struct Silu {
  static constexpr std::string_view name = "silu";
  static constexpr auto needs = ActivationNeeds::Input;
  static float f(float x) { return x * Sigmoid::f(x); }
  static float slope(float x) {
    const float s = Sigmoid::f(x);
    return s * (1 + x * (1 - s));
  }
};
struct Gelu {
  static constexpr std::string_view name = "gelu";
  static constexpr auto needs = ActivationNeeds::Input;
  static constexpr float root_half = std::numbers::sqrt2_v<float> / 2;
  static float cdf(float x) { return 0.5F * (1 + std::erf(x * root_half)); }
  static float f(float x) { return x * cdf(x); }
  static float slope(float x) {
    constexpr float density_at_0 = root_half * std::numbers::inv_sqrtpi_v<float>;
    return cdf(x) + x * density_at_0 * std::exp(-0.5F * x * x);
  }
};

template <typename Function>
void forward(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  const std::int64_t n = rows * width;
  for (std::int64_t i = 0; i < n; ++i) y[i] = Function::f(x[i]);
}

template <typename Function>
void backward(std::int64_t rows, std::int64_t width, const float* kept, const float* y_gradient,
              float* x_gradient) {
  const std::int64_t n = rows * width;
  for (std::int64_t i = 0; i < n; ++i) x_gradient[i] = y_gradient[i] * Function::slope(kept[i]);
}

/// Values per thread. These functions are so cheap that fewer do not pay for a second thread.
constexpr std::int64_t min_part = 32768;

// ReLU is the most common activation, so it is vectorized.
void relu_forward(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  in_parallel(rows * width, min_part, [=](std::int64_t begin, std::int64_t end) {
    kernels().relu(end - begin, x + begin, y + begin);
  });
}
void relu_backward(std::int64_t rows, std::int64_t width, const float* y, const float* y_gradient,
                   float* x_gradient) {
  in_parallel(rows * width, min_part, [=](std::int64_t begin, std::int64_t end) {
    kernels().relu_gradient(end - begin, y + begin, y_gradient + begin, x_gradient + begin);
  });
}

void softmax_forward(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width) {
    const float largest = *std::max_element(x, x + width);
    float sum = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += y[i] = std::exp(x[i] - largest);
    for (std::int64_t i = 0; i < width; ++i) y[i] /= sum;
  }
}

void softmax_backward(std::int64_t rows, std::int64_t width, const float* y, const float* y_gradient,
                      float* x_gradient) {
  for (std::int64_t row = 0; row < rows; ++row, y += width, y_gradient += width, x_gradient += width) {
    float mean = 0;
    for (std::int64_t i = 0; i < width; ++i) mean += y[i] * y_gradient[i];
    for (std::int64_t i = 0; i < width; ++i) x_gradient[i] = y[i] * (y_gradient[i] - mean);
  }
}

template <typename Function>
constexpr Activation entry() {
  return {Function::name, Function::needs, forward<Function>, backward<Function>};
}

constexpr std::array activations{
    entry<Linear>(),
    Activation{"relu", ActivationNeeds::Output, relu_forward, relu_backward},
    entry<Sigmoid>(),
    entry<Tanh>(),
    Activation{"softmax", ActivationNeeds::Output, softmax_forward, softmax_backward},
    entry<Elu>(),
    entry<Exponential>(),
    entry<Gelu>(),
    entry<HardSigmoid>(),
    entry<LeakyRelu>(),
    entry<Relu6>(),
    entry<Selu>(),
    entry<Silu>(),
    entry<Softplus>(),
    entry<Softsign>(),
    entry<rarer::Celu>(),
    Activation{"glu", ActivationNeeds::Input, rarer::glu_forward, rarer::glu_backward, 2},
    entry<rarer::HardShrink>(),
    entry<rarer::HardSilu>(),
    entry<rarer::HardTanh>(),
    entry<rarer::LogSigmoid>(),
    Activation{"log_softmax", ActivationNeeds::Output, rarer::log_softmax_forward,
               rarer::log_softmax_backward},
    entry<rarer::Mish>(),
    entry<rarer::SoftShrink>(),
    entry<rarer::SparsePlus>(),
    entry<rarer::SparseSigmoid>(),
    Activation{"sparsemax", ActivationNeeds::Output, rarer::sparsemax_forward, rarer::sparsemax_backward},
    entry<rarer::Squareplus>(),
    entry<rarer::TanhShrink>(),
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> aliases{
    {{"swish", "silu"}, {"hard_swish", "hard_silu"}}};

constexpr std::array<std::string_view, 3> row_functions{"softmax", "log_softmax", "sparsemax"};
constexpr std::array<std::string_view, 5> probability_functions{"softmax", "sigmoid", "hard_sigmoid",
                                                                "sparsemax", "sparse_sigmoid"};

}  // namespace

bool works_on_rows(const Activation& activation) {
  return std::find(row_functions.begin(), row_functions.end(), activation.name) != row_functions.end();
}

bool returns_probabilities(const Activation& activation) {
  return std::find(probability_functions.begin(), probability_functions.end(), activation.name) !=
         probability_functions.end();
}

const Activation* find_activation(std::string_view name) {
  for (const auto& [alias, meant] : aliases)
    if (name == alias) name = meant;
  for (const Activation& activation : activations)
    if (activation.name == name) return &activation;
  return nullptr;
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const Activation& activation : activations) names.emplace_back(activation.name);
  return names;
}

}  // namespace kairos::host
