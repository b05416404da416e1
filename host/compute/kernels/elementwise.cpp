// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_FUNCTION_KERNELS is the name of the level's table (see CMakeLists.txt).
// Each function is a struct with a value and a slope; one template makes the loops.
#include "compute/kernels/elementwise.hpp"

#include "compute/kernels/functions.hpp"

namespace kairos::host {

namespace {

// `value` is of the input x; `slope` is of the input x or of the output y, as its argument is called. A slope
// whose argument is `kept` is the same for both. Comparisons are written so that NaN propagates: a diverged
// run must be visible.

struct NoArguments {
  KAIROS_INLINE explicit NoArguments(const float*) {}
};

/// 1 between `least` and `most`, else 0.
KAIROS_INLINE Vector inside(float least, float most, Vector x) {
  return x <= all(least) ? Vector{} : (x >= all(most) ? Vector{} : all(1));
}

struct Identity : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return x; }
  KAIROS_INLINE Vector slope(Vector) const { return all(1); }
};
struct Relu : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return at_least(0, x); }
  KAIROS_INLINE Vector slope(Vector kept) const { return kept <= Vector{} ? Vector{} : all(1); }
};
struct LimitedRelu {
  float limit;
  KAIROS_INLINE explicit LimitedRelu(const float* arguments) : limit(arguments[0]) {}
  KAIROS_INLINE Vector value(Vector x) const { return at_most(limit, at_least(0, x)); }
  KAIROS_INLINE Vector slope(Vector kept) const { return inside(0, limit, kept); }
};
struct GeneralRelu {
  float limit, below, threshold;
  KAIROS_INLINE explicit GeneralRelu(const float* arguments)
      : limit(arguments[0]), below(arguments[1]), threshold(arguments[2]) {}
  KAIROS_INLINE Vector value(Vector x) const {
    return x <= all(threshold) ? below * (x - threshold) : at_most(limit, x);
  }
  KAIROS_INLINE Vector slope(Vector x) const {
    return x <= all(threshold) ? all(below) : (x > all(limit) ? Vector{} : all(1));
  }
};
struct LeakyRelu {
  float below;
  KAIROS_INLINE explicit LeakyRelu(const float* arguments) : below(arguments[0]) {}
  KAIROS_INLINE Vector value(Vector x) const { return x < Vector{} ? below * x : x; }
  KAIROS_INLINE Vector slope(Vector kept) const { return kept <= Vector{} ? all(below) : all(1); }
};
struct Elu {
  float alpha;
  KAIROS_INLINE explicit Elu(const float* arguments) : alpha(arguments[0]) {}
  KAIROS_INLINE Vector value(Vector x) const { return x < Vector{} ? alpha * exponential_minus_one(x) : x; }
  KAIROS_INLINE Vector slope(Vector y) const { return y < Vector{} ? y + alpha : all(1); }
};
struct Selu : NoArguments {
  using NoArguments::NoArguments;
  static constexpr float scale = 1.0507009873554805F, below = scale * 1.6732632423543772F;
  KAIROS_INLINE Vector value(Vector x) const {
    return x < Vector{} ? below * exponential_minus_one(x) : scale * x;
  }
  KAIROS_INLINE Vector slope(Vector y) const { return y < Vector{} ? y + below : all(scale); }
};
struct Sigmoid : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return sigmoid(x); }
  KAIROS_INLINE Vector slope(Vector y) const { return y * (1.0F - y); }
};
struct HardSigmoid : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return at_most(6, at_least(0, x + 3.0F)) / 6.0F; }
  KAIROS_INLINE Vector slope(Vector y) const { return inside(0, 1, y) / 6.0F; }
};
struct Tanh : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return tanh_of(x); }
  KAIROS_INLINE Vector slope(Vector y) const { return 1.0F - y * y; }
};
struct Exponential : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return exponential(x); }
  KAIROS_INLINE Vector slope(Vector y) const { return y; }
};
struct Softplus : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return softplus(x); }
  KAIROS_INLINE Vector slope(Vector x) const { return sigmoid(x); }
};
struct Softsign : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return x / (1.0F + magnitude(x)); }
  KAIROS_INLINE Vector slope(Vector x) const {
    const Vector root = 1.0F + magnitude(x);
    return 1.0F / (root * root);
  }
};
struct Silu : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return x * sigmoid(x); }
  KAIROS_INLINE Vector slope(Vector x) const {
    const Vector s = sigmoid(x);
    return s * (1.0F + x * (1.0F - s));
  }
};
struct Gelu : NoArguments {
  using NoArguments::NoArguments;
  static constexpr float root_half = 0.70710678118654752F, density_at_0 = 0.39894228040143268F;
  static KAIROS_INLINE Vector cdf(Vector x) { return 0.5F * (1.0F + error_function(x * root_half)); }
  KAIROS_INLINE Vector value(Vector x) const { return x * cdf(x); }
  KAIROS_INLINE Vector slope(Vector x) const {
    return cdf(x) + x * density_at_0 * exponential(-0.5F * x * x);
  }
};
struct HardSilu : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const {
    return x < all(-3) ? Vector{} : (x > all(3) ? x : x * (x + 3.0F) / 6.0F);
  }
  KAIROS_INLINE Vector slope(Vector x) const {
    return x <= all(-3) ? Vector{} : (x >= all(3) ? all(1) : x / 3.0F + 0.5F);
  }
};
struct HardTanh : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return at_most(1, at_least(-1, x)); }
  KAIROS_INLINE Vector slope(Vector y) const { return inside(-1, 1, y); }
};
struct HardShrink : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return magnitude(x) <= all(0.5F) ? Vector{} : x; }
  KAIROS_INLINE Vector slope(Vector y) const { return y == Vector{} ? Vector{} : all(1); }
};
struct SoftShrink : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const {
    return x > all(0.5F) ? x - 0.5F : (x < all(-0.5F) ? x + 0.5F : Vector{} * x);
  }
  KAIROS_INLINE Vector slope(Vector y) const { return y == Vector{} ? Vector{} : all(1); }
};
struct TanhShrink : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return x - tanh_of(x); }
  KAIROS_INLINE Vector slope(Vector x) const { return tanh_of(x) * tanh_of(x); }
};
struct LogSigmoid : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return -softplus(-x); }
  KAIROS_INLINE Vector slope(Vector x) const { return sigmoid(-x); }
};
/// x · tanh(log(1 + e^x)). With n = e^x · (e^x + 2) the tangent is n / (n + 2), without cancellation.
struct Mish : NoArguments {
  using NoArguments::NoArguments;
  static constexpr float flat = 20;  ///< above it the tangent is 1
  KAIROS_INLINE Vector value(Vector x) const {
    const Vector e = exponential(at_most(flat, x)), n = e * (e + 2.0F);
    return x * (n / (n + 2.0F));
  }
  KAIROS_INLINE Vector slope(Vector x) const {
    const Vector e = exponential(at_most(flat, x)), n = e * (e + 2.0F);
    const Vector inverse = 1.0F / (n + 2.0F), rest = 4.0F * (n + 1.0F) * inverse * inverse;
    return n * inverse + x * (e / (1.0F + e)) * rest;
  }
};
struct SparsePlus : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const {
    return x <= all(-1) ? Vector{} : (x >= all(1) ? x : 0.25F * (x + 1.0F) * (x + 1.0F));
  }
  KAIROS_INLINE Vector slope(Vector x) const {
    return x <= all(-1) ? Vector{} : (x >= all(1) ? all(1) : 0.5F * (x + 1.0F));
  }
};
struct SparseSigmoid : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return at_most(1, at_least(0, 0.5F * (x + 1.0F))); }
  KAIROS_INLINE Vector slope(Vector y) const { return 0.5F * inside(0, 1, y); }
};
struct Squareplus : NoArguments {  ///< with Keras' b = 4
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector x) const { return (x + square_root(x * x + 4.0F)) * 0.5F; }
  KAIROS_INLINE Vector slope(Vector x) const { return (1.0F + x / square_root(x * x + 4.0F)) * 0.5F; }
};
struct Affine {
  float factor, summand;
  KAIROS_INLINE explicit Affine(const float* arguments) : factor(arguments[0]), summand(arguments[1]) {}
  KAIROS_INLINE Vector value(Vector x) const { return x * factor + summand; }
  KAIROS_INLINE Vector slope(Vector) const { return all(factor); }
};

template <typename Function>
void value(std::int64_t n, const float* arguments, const float* x, float* y) {
  const Function f(arguments);
  each_vector(n, [&](std::int64_t k, auto part) { part.put(f.value(part.get(x + k)), y + k); });
}

/// A product even with a slope of 0, so that a NaN gradient is kept.
template <typename Function>
void gradient(std::int64_t n, const float* arguments, const float* kept, const float* y_gradient,
              float* x_gradient) {
  const Function f(arguments);
  each_vector(n, [&](std::int64_t k, auto part) {
    part.put(part.get(y_gradient + k) * f.slope(part.get(kept + k)), x_gradient + k);
  });
}

template <typename Function>
constexpr FunctionKernels kernels_of() {
  return {value<Function>, gradient<Function>};
}

KAIROS_INLINE float largest(std::int64_t n, const float* x) {
  Vector found = all(-__builtin_inff());
  each_vector(n, [&](std::int64_t k, auto part) {
    const Vector values = part.get(x + k, -__builtin_inff());
    found = found < values ? values : found;
  });
  return largest_of(found);
}

/// NaN makes the sum NaN, whatever the largest value then is.
void softmax(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width) {
    const float most = largest(width, x);
    Vector sums{};
    each_vector(width, [&](std::int64_t k, auto part) {
      const Vector powers = exponential(part.get(x + k, -__builtin_inff()) - most);
      part.put(powers, y + k);
      sums += powers;
    });
    const float sum = sum_of(sums);
    each_vector(width, [&](std::int64_t k, auto part) { part.put(part.get(y + k) / sum, y + k); });
  }
}

void softmax_gradient(std::int64_t rows, std::int64_t width, const float* y, const float* y_gradient,
                      float* x_gradient) {
  for (std::int64_t row = 0; row < rows; ++row, y += width, y_gradient += width, x_gradient += width) {
    Vector sums{};
    each_vector(width,
                [&](std::int64_t k, auto part) { sums += part.get(y + k) * part.get(y_gradient + k); });
    const float mean = sum_of(sums);
    each_vector(width, [&](std::int64_t k, auto part) {
      part.put(part.get(y + k) * (part.get(y_gradient + k) - mean), x_gradient + k);
    });
  }
}

/// The sum is that of softmax, to the bit.
float likeliest(std::int64_t n, const float* x) {
  const float most = largest(n, x);
  Vector sums{};
  each_vector(
      n, [&](std::int64_t k, auto part) { sums += exponential(part.get(x + k, -__builtin_inff()) - most); });
  return 1 / sum_of(sums);
}

void log_softmax(std::int64_t rows, std::int64_t width, const float* x, float* y) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width) {
    const float most = largest(width, x);
    Vector sums{};
    each_vector(width, [&](std::int64_t k, auto part) {
      sums += exponential(part.get(x + k, -__builtin_inff()) - most);
    });
    const float normaliser = most + logarithm(all(sum_of(sums)))[0];
    each_vector(width, [&](std::int64_t k, auto part) { part.put(part.get(x + k) - normaliser, y + k); });
  }
}

void log_softmax_gradient(std::int64_t rows, std::int64_t width, const float* y, const float* y_gradient,
                          float* x_gradient) {
  for (std::int64_t row = 0; row < rows; ++row, y += width, y_gradient += width, x_gradient += width) {
    Vector sums{};
    each_vector(width, [&](std::int64_t k, auto part) { sums += part.get(y_gradient + k); });
    const float sum = sum_of(sums);
    each_vector(width, [&](std::int64_t k, auto part) {
      part.put(part.get(y_gradient + k) - exponential(part.get(y + k)) * sum, x_gradient + k);
    });
  }
}

}  // namespace

extern const FunctionTable KAIROS_FUNCTION_KERNELS;
const FunctionTable KAIROS_FUNCTION_KERNELS{
    {kernels_of<Identity>(),    kernels_of<Relu>(),        kernels_of<LimitedRelu>(),
     kernels_of<GeneralRelu>(), kernels_of<LeakyRelu>(),   kernels_of<Elu>(),
     kernels_of<Selu>(),        kernels_of<Sigmoid>(),     kernels_of<HardSigmoid>(),
     kernels_of<Tanh>(),        kernels_of<Exponential>(), kernels_of<Softplus>(),
     kernels_of<Softsign>(),    kernels_of<Silu>(),        kernels_of<Gelu>(),
     kernels_of<HardSilu>(),    kernels_of<HardTanh>(),    kernels_of<HardShrink>(),
     kernels_of<SoftShrink>(),  kernels_of<TanhShrink>(),  kernels_of<LogSigmoid>(),
     kernels_of<Mish>(),        kernels_of<SparsePlus>(),  kernels_of<SparseSigmoid>(),
     kernels_of<Squareplus>(),  kernels_of<Affine>()},
    softmax,
    softmax_gradient,
    likeliest,
    log_softmax,
    log_softmax_gradient};

}  // namespace kairos::host
