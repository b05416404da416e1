// SPDX-License-Identifier: MIT
// The functions of elementwise operations: value(a, b), a_slope(a, b) and b_slope(a, b). Those of one
// argument ignore b. Included by elementwise_operation.cpp only.
#pragma once

#include <cmath>

namespace kairos::host {

struct Sum {
  static float value(float a, float b) { return a + b; }
  static float a_slope(float, float) { return 1; }
  static float b_slope(float, float) { return 1; }
};
struct Difference {
  static float value(float a, float b) { return a - b; }
  static float a_slope(float, float) { return 1; }
  static float b_slope(float, float) { return -1; }
};
struct Multiple {
  static float value(float a, float b) { return a * b; }
  static float a_slope(float, float b) { return b; }
  static float b_slope(float a, float) { return a; }
};
struct Quotient {
  static float value(float a, float b) { return a / b; }
  static float a_slope(float, float b) { return 1 / b; }
  static float b_slope(float a, float b) { return -a / (b * b); }
};
/// Of two equal values the first gets the gradient; NaN propagates.
struct Largest {
  static float value(float a, float b) { return a >= b || std::isnan(a) ? a : b; }
  static float a_slope(float a, float b) { return a >= b || std::isnan(a) ? 1 : 0; }
  static float b_slope(float a, float b) { return 1 - a_slope(a, b); }
};
struct Smallest {
  static float value(float a, float b) { return a <= b || std::isnan(a) ? a : b; }
  static float a_slope(float a, float b) { return a <= b || std::isnan(a) ? 1 : 0; }
  static float b_slope(float a, float b) { return 1 - a_slope(a, b); }
};
struct Negation {
  static float value(float a, float) { return -a; }
  static float a_slope(float, float) { return -1; }
  static float b_slope(float, float) { return 0; }
};
struct Magnitude {
  static float value(float a, float) { return std::abs(a); }
  static float a_slope(float a, float) { return a > 0 ? 1 : (a < 0 ? -1 : 0); }
  static float b_slope(float, float) { return 0; }
};
struct SecondPower {
  static float value(float a, float) { return a * a; }
  static float a_slope(float a, float) { return 2 * a; }
  static float b_slope(float, float) { return 0; }
};
struct Root {
  static float value(float a, float) { return std::sqrt(a); }
  static float a_slope(float a, float) { return 0.5F / std::sqrt(a); }
  static float b_slope(float, float) { return 0; }
};
struct Exponential {
  static float value(float a, float) { return std::exp(a); }
  static float a_slope(float a, float) { return std::exp(a); }
  static float b_slope(float, float) { return 0; }
};
struct Logarithm {
  static float value(float a, float) { return std::log(a); }
  static float a_slope(float a, float) { return 1 / a; }
  static float b_slope(float, float) { return 0; }
};

/// The gradient of the exponent is defined for a positive base only; elsewhere it is 0.
struct PowerOf {
  static float value(float a, float b) { return std::pow(a, b); }
  static float a_slope(float a, float b) { return b == 0 ? 0 : b * std::pow(a, b - 1); }
  static float b_slope(float a, float b) { return a > 0 ? std::pow(a, b) * std::log(a) : 0; }
};
struct Inverse {
  static float value(float a, float) { return 1 / a; }
  static float a_slope(float a, float) { return -1 / (a * a); }
  static float b_slope(float, float) { return 0; }
};
struct InverseRoot {
  static float value(float a, float) { return 1 / std::sqrt(a); }
  static float a_slope(float a, float) { return -0.5F / (a * std::sqrt(a)); }
  static float b_slope(float, float) { return 0; }
};
struct ExponentialLessOne {
  static float value(float a, float) { return std::expm1(a); }
  static float a_slope(float a, float) { return std::exp(a); }
  static float b_slope(float, float) { return 0; }
};
struct LogarithmOfOneMore {
  static float value(float a, float) { return std::log1p(a); }
  static float a_slope(float a, float) { return 1 / (1 + a); }
  static float b_slope(float, float) { return 0; }
};
struct Sine {
  static float value(float a, float) { return std::sin(a); }
  static float a_slope(float a, float) { return std::cos(a); }
  static float b_slope(float, float) { return 0; }
};
struct Cosine {
  static float value(float a, float) { return std::cos(a); }
  static float a_slope(float a, float) { return -std::sin(a); }
  static float b_slope(float, float) { return 0; }
};
struct ErrorFunction {
  static float value(float a, float) { return std::erf(a); }
  static float a_slope(float a, float) { return 1.1283791671F * std::exp(-a * a); }  // 2 / sqrt(pi)
  static float b_slope(float, float) { return 0; }
};
/// keras.ops.gelu with the tanh of a polynomial instead of the normal distribution.
struct ApproximateGelu {
  static constexpr float scale = 0.7978845608F, cubic = 0.044715F;  // sqrt(2 / pi)
  static float tanh_of(float a) { return std::tanh(scale * (a + cubic * a * a * a)); }
  static float value(float a, float) { return 0.5F * a * (1 + tanh_of(a)); }
  static float a_slope(float a, float) {
    const float t = tanh_of(a);
    return 0.5F * (1 + t) + 0.5F * a * (1 - t * t) * scale * (1 + 3 * cubic * a * a);
  }
  static float b_slope(float, float) { return 0; }
};
struct ExactGelu {
  static constexpr float root = 0.7071067812F, density = 0.3989422804F;  // 1 / sqrt(2), 1 / sqrt(2 pi)
  static float value(float a, float) { return 0.5F * a * (1 + std::erf(a * root)); }
  static float a_slope(float a, float) {
    return 0.5F * (1 + std::erf(a * root)) + a * density * std::exp(-0.5F * a * a);
  }
  static float b_slope(float, float) { return 0; }
};
/// Steps, whose gradient is 0.
template <float (*Function)(float)>
struct Step {
  static float value(float a, float) { return Function(a); }
  static float a_slope(float, float) { return 0; }
  static float b_slope(float, float) { return 0; }
};
inline float sign_of(float a) {
  return a > 0 ? 1.0F : (a < 0 ? -1.0F : a);
}
inline float floor_of(float a) {
  return std::floor(a);
}
inline float ceiling_of(float a) {
  return std::ceil(a);
}
/// To the nearest integer, ties to the even one.
inline float rounded(float a) {
  return std::nearbyint(a);
}

/// Boolean results, which have no gradient.
template <typename Holds>
struct Truth {
  static float value(float a, float b) { return Holds()(a, b) ? 1.0F : 0.0F; }
  static float a_slope(float, float) { return 0; }
  static float b_slope(float, float) { return 0; }
};
struct ExactlyOne {
  bool operator()(float a, float b) const { return (a != 0) != (b != 0); }
};
struct IsZero {
  bool operator()(float a, float) const { return a == 0; }
};
struct Never {
  bool operator()(float, float) const { return false; }
};
struct Always {
  bool operator()(float, float) const { return true; }
};

}  // namespace kairos::host
