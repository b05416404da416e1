// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_TERM_KERNELS is the name of the level's table (see CMakeLists.txt). Each
// term is a struct with a value and a slope, the derivative by the output; one template makes the loops.
#include "compute/kernels/elementwise.hpp"
#include "compute/kernels/functions.hpp"

namespace kairos::host {

namespace {

constexpr float keras_epsilon = 1e-7F;

struct NoArguments {
  KAIROS_INLINE explicit NoArguments(const float*) {}
};

struct SquaredError : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector t, Vector o) const { return (t - o) * (t - o); }
  KAIROS_INLINE Vector slope(Vector t, Vector o) const { return 2.0F * (o - t); }
};

struct AbsoluteError : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector t, Vector o) const { return magnitude(t - o); }
  KAIROS_INLINE Vector slope(Vector t, Vector o) const { return sign_of(o - t); }
};

struct PercentageError : NoArguments {
  using NoArguments::NoArguments;
  static KAIROS_INLINE Vector unit(Vector t) { return at_least(keras_epsilon, magnitude(t)); }
  KAIROS_INLINE Vector value(Vector t, Vector o) const { return 100.0F * (magnitude(t - o) / unit(t)); }
  KAIROS_INLINE Vector slope(Vector t, Vector o) const { return 100.0F * sign_of(o - t) / unit(t); }
};

struct SquaredLogarithmicError : NoArguments {
  using NoArguments::NoArguments;
  static KAIROS_INLINE Vector difference(Vector t, Vector o) {
    return logarithm(at_least(keras_epsilon, o) + 1.0F) - logarithm(at_least(keras_epsilon, t) + 1.0F);
  }
  KAIROS_INLINE Vector value(Vector t, Vector o) const {
    const Vector error = difference(t, o);
    return error * error;
  }
  KAIROS_INLINE Vector slope(Vector t, Vector o) const {
    return o < all(keras_epsilon) ? Vector{} : 2.0F * difference(t, o) / (o + 1.0F);
  }
};

struct Huber {
  float delta;
  KAIROS_INLINE explicit Huber(const float* arguments) : delta(arguments[0]) {}
  KAIROS_INLINE Vector value(Vector t, Vector o) const {
    const Vector error = magnitude(o - t);
    return error <= all(delta) ? 0.5F * error * error : delta * error - 0.5F * delta * delta;
  }
  KAIROS_INLINE Vector slope(Vector t, Vector o) const { return at_most(delta, at_least(-delta, o - t)); }
};

/// Large errors would overflow cosh.
struct LogCosh : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector t, Vector o) const {
    constexpr float log_of_2 = 0.69314718055994531F;
    const Vector error = magnitude(o - t);
    return error + logarithm_of_one_plus(exponential(-2.0F * error)) - log_of_2;
  }
  KAIROS_INLINE Vector slope(Vector t, Vector o) const { return tanh_of(o - t); }
};

struct Poisson : NoArguments {
  using NoArguments::NoArguments;
  KAIROS_INLINE Vector value(Vector t, Vector o) const { return o - t * logarithm(o + keras_epsilon); }
  KAIROS_INLINE Vector slope(Vector t, Vector o) const { return 1.0F - t / (o + keras_epsilon); }
};

struct Smoothing {
  float kept, added;
  KAIROS_INLINE explicit Smoothing(const float* arguments)
      : kept(1 - arguments[0]), added(0.5F * arguments[0]) {}
  KAIROS_INLINE Vector operator()(Vector t) const { return t * kept + added; }
};

struct BinaryCrossentropy {
  static constexpr float least = keras_epsilon, most = static_cast<float>(1.0 - 1e-7);
  Smoothing smoothed;
  KAIROS_INLINE explicit BinaryCrossentropy(const float* arguments) : smoothed(arguments) {}
  KAIROS_INLINE Vector value(Vector target, Vector o) const {
    const Vector t = smoothed(target), p = at_most(most, at_least(least, o));
    return -(t * logarithm(p) + (1.0F - t) * logarithm_of_one_plus(-p));
  }
  KAIROS_INLINE Vector slope(Vector target, Vector o) const {
    const Vector inside = (o - smoothed(target)) / (o * (1.0F - o));
    return o < all(least) ? Vector{} : (o > all(most) ? Vector{} : inside);
  }
};

struct BinaryCrossentropyOfLogits {
  Smoothing smoothed;
  KAIROS_INLINE explicit BinaryCrossentropyOfLogits(const float* arguments) : smoothed(arguments) {}
  KAIROS_INLINE Vector value(Vector target, Vector o) const {
    return at_least(0, o) - o * smoothed(target) + logarithm_of_one_plus(exponential(-magnitude(o)));
  }
  KAIROS_INLINE Vector slope(Vector target, Vector o) const { return sigmoid(o) - smoothed(target); }
};

/// Its slope is that of the binary crossentropy by the logits whose sigmoid is the output.
struct SmoothedError {
  Smoothing smoothed;
  KAIROS_INLINE explicit SmoothedError(const float* arguments) : smoothed(arguments) {}
  KAIROS_INLINE Vector value(Vector target, Vector o) const {
    const Vector error = o - smoothed(target);
    return 0.5F * error * error;
  }
  KAIROS_INLINE Vector slope(Vector target, Vector o) const { return o - smoothed(target); }
};

struct KlDivergence : NoArguments {
  using NoArguments::NoArguments;
  /// To [epsilon, 1], as in Keras.
  static KAIROS_INLINE Vector clipped(Vector p) { return at_most(1, at_least(keras_epsilon, p)); }
  KAIROS_INLINE Vector value(Vector target, Vector o) const {
    const Vector t = clipped(target);
    return t * logarithm(t / clipped(o));
  }
  KAIROS_INLINE Vector slope(Vector target, Vector o) const {
    const Vector inside = -clipped(target) / o;
    return o < all(keras_epsilon) ? Vector{} : (o > all(1) ? Vector{} : inside);
  }
};

/// The arguments map a target to a side, -1 or 1.
struct Hinge {
  float factor, summand;
  KAIROS_INLINE explicit Hinge(const float* arguments) : factor(arguments[0]), summand(arguments[1]) {}
  KAIROS_INLINE Vector side(Vector t) const { return t * factor + summand; }
  KAIROS_INLINE Vector value(Vector t, Vector o) const { return at_least(0, 1.0F - side(t) * o); }
  KAIROS_INLINE Vector slope(Vector t, Vector o) const {
    return value(t, o) == Vector{} ? Vector{} : -side(t);
  }
};
struct SquaredHinge : Hinge {
  using Hinge::Hinge;
  KAIROS_INLINE Vector value(Vector t, Vector o) const {
    const Vector missing = Hinge::value(t, o);
    return missing * missing;
  }
  KAIROS_INLINE Vector slope(Vector t, Vector o) const { return -2.0F * side(t) * Hinge::value(t, o); }
};

/// Values per block: sums of a wide row are taken block by block, and narrow rows are computed so many at a
/// time.
constexpr std::int64_t block = 1024;
constexpr std::int64_t narrow = 64;

template <typename Term>
KAIROS_INLINE float row_sum(const Term& term, std::int64_t n, const float* target, const float* output) {
  double total = 0;
  for (std::int64_t first = 0; first < n; first += block) {
    Vector sums{};
    each_vector(n - first < block ? n - first : block, [&](std::int64_t k, auto part) {
      sums += part.kept(term.value(part.get(target + first + k), part.get(output + first + k)));
    });
    total += static_cast<double>(sum_of(sums));
  }
  return static_cast<float>(total);
}

template <typename Term>
void values(const TermRows& r, float divisor, float* each) {
  const Term term(r.arguments);
  if (r.features >= narrow) {
    for (std::int64_t row = 0; row < r.rows; ++row)
      each[row] =
          row_sum(term, r.features, r.target + row * r.features, r.output + row * r.features) / divisor;
    return;
  }
  if (r.features == 1)
    return each_vector(r.rows, [&](std::int64_t k, auto part) {
      part.put(term.value(part.get(r.target + k), part.get(r.output + k)) / divisor, each + k);
    });
  const std::int64_t at_once = block / r.features;
  float terms[block];
  for (std::int64_t row = 0; row < r.rows; row += at_once) {
    const std::int64_t rows = r.rows - row < at_once ? r.rows - row : at_once, first = row * r.features;
    each_vector(rows * r.features, [&](std::int64_t k, auto part) {
      part.put(term.value(part.get(r.target + first + k), part.get(r.output + first + k)), terms + k);
    });
    const float* next = terms;
    for (std::int64_t i = 0; i < rows; ++i, next += r.features) {
      float sum = 0;
      for (std::int64_t k = 0; k < r.features; ++k) sum += next[k];
      each[row + i] = sum / divisor;
    }
  }
}

template <typename Term>
void gradient(const TermRows& r, float divisor, const float* scale, float* gradient) {
  const Term term(r.arguments);
  const auto slope = [&](std::int64_t k, auto part) {
    return term.slope(part.get(r.target + k), part.get(r.output + k));
  };
  if (r.features >= narrow) {
    for (std::int64_t row = 0; row < r.rows; ++row) {
      const float factor = scale[row] / divisor;
      const std::int64_t first = row * r.features;
      each_vector(r.features, [&](std::int64_t k, auto part) {
        part.put(factor * slope(first + k, part), gradient + first + k);
      });
    }
    return;
  }
  if (r.features == 1)
    return each_vector(r.rows, [&](std::int64_t k, auto part) {
      part.put(part.get(scale + k) / divisor * slope(k, part), gradient + k);
    });
  each_vector(r.rows * r.features,
              [&](std::int64_t k, auto part) { part.put(slope(k, part), gradient + k); });
  for (std::int64_t row = 0; row < r.rows; ++row)
    for (std::int64_t k = 0; k < r.features; ++k) gradient[row * r.features + k] *= scale[row] / divisor;
}

template <typename Term>
constexpr TermKernels kernels_of() {
  return {values<Term>, gradient<Term>};
}

}  // namespace

extern const TermTable KAIROS_TERM_KERNELS;
const TermTable KAIROS_TERM_KERNELS{
    {kernels_of<SquaredError>(), kernels_of<AbsoluteError>(), kernels_of<PercentageError>(),
     kernels_of<SquaredLogarithmicError>(), kernels_of<Huber>(), kernels_of<LogCosh>(), kernels_of<Poisson>(),
     kernels_of<BinaryCrossentropy>(), kernels_of<BinaryCrossentropyOfLogits>(), kernels_of<SmoothedError>(),
     kernels_of<KlDivergence>(), kernels_of<Hinge>(), kernels_of<SquaredHinge>()}};

}  // namespace kairos::host
