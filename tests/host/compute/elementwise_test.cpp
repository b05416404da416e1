// SPDX-License-Identifier: MIT
#include "compute/elementwise.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "compute/parallel.hpp"
#include "host/compute/levels.hpp"
#include "host/compute/normal_values.hpp"

namespace kairos::host {
extern const FunctionTable function_kernels_base;
extern const TermTable term_kernels_base;
#ifdef __x86_64__
extern const FunctionTable function_kernels_v3;
extern const TermTable term_kernels_v3;
#endif
}  // namespace kairos::host

using namespace kairos::host;
using kairos::tests::normal_values;

namespace {

using Values = std::vector<float>;

#ifdef __x86_64__
const FunctionTable* const functions_v3 = &function_kernels_v3;
const TermTable* const terms_v3 = &term_kernels_v3;
#else
const FunctionTable* const functions_v3 = nullptr;
const TermTable* const terms_v3 = nullptr;
#endif

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

struct FunctionCase {
  Function function;
  Values arguments;
  std::function<double(double)> value;
  std::function<double(double x, double y)> slope;
};

double step(bool condition) {
  return condition ? 1 : 0;
}

const std::vector<FunctionCase>& function_cases() {
  static const std::vector<FunctionCase> cases{
      {Function::Identity, {}, [](double x) { return x; }, [](double, double) { return 1.0; }},
      {Function::Relu,
       {},
       [](double x) { return std::max(x, 0.0); },
       [](double x, double) { return step(x > 0); }},
      {Function::LimitedRelu,
       {6},
       [](double x) { return std::clamp(x, 0.0, 6.0); },
       [](double x, double) { return step(x > 0 && x < 6); }},
      {Function::GeneralRelu,
       {4, 0.25F, 1},
       [](double x) { return x <= 1 ? 0.25 * (x - 1) : std::min(x, 4.0); },
       [](double x, double) { return x <= 1 ? 0.25 : step(x <= 4); }},
      {Function::LeakyRelu,
       {0.25F},
       [](double x) { return x < 0 ? 0.25 * x : x; },
       [](double x, double) { return x <= 0 ? 0.25 : 1; }},
      {Function::Elu,
       {0.5F},
       [](double x) { return x < 0 ? 0.5 * std::expm1(x) : x; },
       [](double x, double y) { return x < 0 ? y + 0.5 : 1; }},
      {Function::Selu,
       {},
       [](double x) { return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * std::expm1(x) : x); },
       [](double x, double y) {
         return x < 0 ? y + 1.0507009873554805 * 1.6732632423543772 : 1.0507009873554805;
       }},
      {Function::Sigmoid, {}, logistic, [](double, double y) { return y * (1 - y); }},
      {Function::HardSigmoid,
       {},
       [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); },
       [](double x, double) { return step(x > -3 && x < 3) / 6; }},
      {Function::Tanh, {}, [](double x) { return std::tanh(x); }, [](double, double y) { return 1 - y * y; }},
      {Function::Exponential, {}, [](double x) { return std::exp(x); }, [](double, double y) { return y; }},
      {Function::Softplus, {}, softplus, [](double x, double) { return logistic(x); }},
      {Function::Softsign,
       {},
       [](double x) { return x / (1 + std::abs(x)); },
       [](double x, double) { return std::pow(1 + std::abs(x), -2); }},
      {Function::Silu,
       {},
       [](double x) { return x * logistic(x); },
       [](double x, double) { return logistic(x) * (1 + x * logistic(-x)); }},
      {Function::Gelu,
       {},
       [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); },
       [](double x, double) {
         return 0.5 * (1 + std::erf(x / std::sqrt(2.0))) +
                x * std::exp(-0.5 * x * x) / std::sqrt(8 * std::atan(1.0));
       }},
      {Function::HardSilu,
       {},
       [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); },
       [](double x, double) { return x <= -3 ? 0 : (x >= 3 ? 1 : x / 3 + 0.5); }},
      {Function::HardTanh,
       {},
       [](double x) { return std::clamp(x, -1.0, 1.0); },
       [](double x, double) { return step(x > -1 && x < 1); }},
      {Function::HardShrink,
       {},
       [](double x) { return std::abs(x) > 0.5 ? x : 0; },
       [](double x, double) { return step(std::abs(x) > 0.5); }},
      {Function::SoftShrink,
       {},
       [](double x) { return std::copysign(std::max(std::abs(x) - 0.5, 0.0), x); },
       [](double x, double) { return step(std::abs(x) > 0.5); }},
      {Function::TanhShrink,
       {},
       [](double x) { return x - std::tanh(x); },
       [](double x, double) { return std::tanh(x) * std::tanh(x); }},
      {Function::LogSigmoid,
       {},
       [](double x) { return -softplus(-x); },
       [](double x, double) { return logistic(-x); }},
      {Function::Mish,
       {},
       [](double x) { return x * std::tanh(softplus(x)); },
       [](double x, double) {
         const double t = std::tanh(softplus(x));
         return t + x * logistic(x) * (1 - t * t);
       }},
      {Function::SparsePlus,
       {},
       [](double x) { return x <= -1 ? 0 : (x < 1 ? (x + 1) * (x + 1) / 4 : x); },
       [](double x, double) { return std::clamp((x + 1) / 2, 0.0, 1.0); }},
      {Function::SparseSigmoid,
       {},
       [](double x) { return std::clamp((x + 1) / 2, 0.0, 1.0); },
       [](double x, double) { return step(x > -1 && x < 1) / 2; }},
      {Function::Squareplus,
       {},
       [](double x) { return (x + std::sqrt(x * x + 4)) / 2; },
       [](double x, double) { return (1 + x / std::sqrt(x * x + 4)) / 2; }},
      {Function::Affine,
       {3, -0.5F},
       [](double x) { return 3 * x - 0.5; },
       [](double, double) { return 3.0; }},
  };
  return cases;
}

/// Those whose slope is of the input.
bool needs_input(Function function) {
  const auto needing = {Function::GeneralRelu, Function::Softplus,   Function::Softsign,
                        Function::Silu,        Function::Gelu,       Function::HardSilu,
                        Function::TanhShrink,  Function::LogSigmoid, Function::Mish,
                        Function::SparsePlus,  Function::Squareplus};
  return std::find(needing.begin(), needing.end(), function) != needing.end();
}

/// From -99 to 99, closer together near 0; the count is not a multiple of the vector width.
Values inputs() {
  Values values;
  for (int i = -1001; i <= 1001; ++i) {
    const float u = (static_cast<float>(i) + 0.25F) / 1001;
    values.push_back(99 * u * u * u);
  }
  return values;
}

}  // namespace

TEST_CASE("Every function has the value and slope of its formula on every level", "[host][compute]") {
  const Values x = inputs();
  const Values twos(x.size(), 2.0F);
  const auto n = static_cast<std::int64_t>(x.size());
  std::vector<bool> covered(static_cast<std::size_t>(Function::Count), false);
  for (const auto& [name, table] :
       kairos::tests::levels_of(function_kernels_base, functions_v3, function_kernels()))
    for (const FunctionCase& c : function_cases()) {
      const auto index = static_cast<std::size_t>(c.function);
      covered[index] = true;
      Values y = x, gradient = twos;
      table->functions[index].value(n, c.arguments.data(), y.data(), y.data());
      const Values& kept = needs_input(c.function) ? x : y;
      table->functions[index].gradient(n, c.arguments.data(), kept.data(), gradient.data(), gradient.data());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const auto in = static_cast<double>(x[i]), out = static_cast<double>(y[i]);
        INFO(name << ", function " << index << " of " << in);
        // These cancel, in LibTorch and TensorFlow too.
        const double margin = c.function == Function::Gelu || c.function == Function::TanhShrink ||
                                      c.function == Function::Squareplus || c.function == Function::Affine
                                  ? 3e-7 * std::max(1.0, std::abs(in))
                                  : 1e-36;
        const double expected = static_cast<double>(static_cast<float>(c.value(in)));
        if (std::isfinite(expected))
          REQUIRE(out == Approx(expected).epsilon(1e-6).margin(margin));
        else
          REQUIRE(std::isinf(out));
        const double slope = 2 * c.slope(in, out);
        if (std::abs(slope) < 3e38)
          REQUIRE(static_cast<double>(gradient[i]) == Approx(slope).epsilon(2e-6).margin(3e-7));
      }
    }
  CHECK(std::find(covered.begin(), covered.end(), false) == covered.end());
}

TEST_CASE("Every function and its gradient keep NaN on every level", "[host][compute]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& [name, table] :
       kairos::tests::levels_of(function_kernels_base, functions_v3, function_kernels()))
    for (const FunctionCase& c : function_cases())
      for (const std::size_t n : {1U, 5U, 16U, 19U}) {
        INFO(name << ", function " << static_cast<int>(c.function) << ", " << n << " values");
        const FunctionKernels& kernels = table->functions[static_cast<std::size_t>(c.function)];
        Values x(n, 0.25F), y(n), gradient(n, 1.0F);
        x.back() = nan;
        gradient.front() = nan;
        kernels.value(static_cast<std::int64_t>(n), c.arguments.data(), x.data(), y.data());
        kernels.gradient(static_cast<std::int64_t>(n), c.arguments.data(), x.data(), gradient.data(),
                         gradient.data());
        CHECK(std::isnan(y.back()));
        CHECK(std::isnan(gradient.front()));
        for (std::size_t i = 0; i + 1 < n; ++i) CHECK(std::isfinite(y[i]));
        for (std::size_t i = 1; i + 1 < n; ++i) CHECK(std::isfinite(gradient[i]));
      }
}

namespace {

struct TermCase {
  Term term;
  Values arguments;
  std::function<double(double t, double o)> value;
  std::function<double(double t, double o)> slope;
};

double sign(double x) {
  return x > 0 ? 1 : (x < 0 ? -1 : 0);
}

const std::vector<TermCase>& term_cases() {
  static const std::vector<TermCase> cases{
      {Term::SquaredError,
       {},
       [](double t, double o) { return (t - o) * (t - o); },
       [](double t, double o) { return 2 * (o - t); }},
      {Term::AbsoluteError,
       {},
       [](double t, double o) { return std::abs(t - o); },
       [](double t, double o) { return sign(o - t); }},
      {Term::PercentageError,
       {},
       [](double t, double o) { return 100 * std::abs(t - o) / std::max(t, 1e-7); },
       [](double t, double o) { return 100 * sign(o - t) / std::max(t, 1e-7); }},
      {Term::SquaredLogarithmicError,
       {},
       [](double t, double o) { return std::pow(std::log1p(o) - std::log1p(t), 2); },
       [](double t, double o) { return 2 * (std::log1p(o) - std::log1p(t)) / (o + 1); }},
      {Term::Huber,
       {0.25F},
       [](double t, double o) {
         const double error = std::abs(o - t);
         return error <= 0.25 ? error * error / 2 : 0.25 * error - 0.03125;
       },
       [](double t, double o) { return std::clamp(o - t, -0.25, 0.25); }},
      {Term::LogCosh,
       {},
       [](double t, double o) { return std::log(std::cosh(o - t)); },
       [](double t, double o) { return std::tanh(o - t); }},
      {Term::Poisson,
       {},
       [](double t, double o) { return o - t * std::log(o + 1e-7); },
       [](double t, double o) { return 1 - t / (o + 1e-7); }},
      {Term::BinaryCrossentropy,
       {0.125F},
       [](double t, double o) {
         const double s = t * 0.875 + 0.0625;
         return -(s * std::log(o) + (1 - s) * std::log1p(-o));
       },
       [](double t, double o) { return (o - (t * 0.875 + 0.0625)) / (o * (1 - o)); }},
      {Term::BinaryCrossentropyOfLogits,
       {0},
       [](double t, double o) { return softplus(o) - o * t; },
       [](double t, double o) { return logistic(o) - t; }},
      {Term::SmoothedError,
       {0.125F},
       [](double t, double o) { return std::pow(o - (t * 0.875 + 0.0625), 2) / 2; },
       [](double t, double o) { return o - (t * 0.875 + 0.0625); }},
      {Term::KlDivergence,
       {},
       [](double t, double o) { return t * std::log(t / o); },
       [](double t, double o) { return -t / o; }},
      {Term::Hinge,
       {2, -1},
       [](double t, double o) { return std::max(0.0, 1 - (2 * t - 1) * o); },
       [](double t, double) { return 1 - 2 * t; }},
      {Term::SquaredHinge,
       {2, -1},
       [](double t, double o) { return std::pow(1 - (2 * t - 1) * o, 2); },
       [](double t, double o) { return 2 * (1 - 2 * t) * (1 - (2 * t - 1) * o); }},
  };
  return cases;
}

/// In 0.001 … 0.999.
Values probabilities(std::int64_t n, std::uint64_t seed) {
  Values values = normal_values(n, seed);
  for (float& value : values)
    value = static_cast<float>(0.001 + 0.998 * logistic(2 * static_cast<double>(value)));
  return values;
}

}  // namespace

TEST_CASE("Every term of a loss is summed over rows of any width, on every level", "[host][compute]") {
  std::vector<bool> covered(static_cast<std::size_t>(Term::Count), false);
  for (const auto& [name, table] : kairos::tests::levels_of(term_kernels_base, terms_v3, term_kernels()))
    for (const TermCase& c : term_cases())
      for (const auto& [rows, features] :
           {std::pair{1, 1}, std::pair{1500, 1}, std::pair{37, 10}, std::pair{3, 77}, std::pair{2, 2500}}) {
        const auto index = static_cast<std::size_t>(c.term);
        covered[index] = true;
        INFO(name << ", term " << index << ", rows of " << features);
        const std::int64_t n = std::int64_t{rows} * features;
        const Values target = probabilities(n, 1), output = probabilities(n, 2),
                     scale = normal_values(rows, 3);
        Values each(static_cast<std::size_t>(rows)), gradient(target.size());
        const TermRows all{rows, features, c.arguments.data(), target.data(), output.data()};
        table->terms[index].values(all, 4, each.data());
        table->terms[index].gradient(all, 4, scale.data(), gradient.data());
        for (std::size_t row = 0; row < each.size(); ++row) {
          double sum = 0, size = 0;
          for (std::size_t k = 0; k < static_cast<std::size_t>(features); ++k) {
            const std::size_t i = row * static_cast<std::size_t>(features) + k;
            const auto t = static_cast<double>(target[i]), o = static_cast<double>(output[i]);
            sum += c.value(t, o);
            size += std::abs(c.value(t, o));
            const double slope = c.slope(t, o) * static_cast<double>(scale[row]) / 4;
            REQUIRE(static_cast<double>(gradient[i]) == Approx(slope).epsilon(2e-6).margin(1e-6));
          }
          REQUIRE(static_cast<double>(each[row]) == Approx(sum / 4).epsilon(1e-6).margin(1e-6 * size + 1e-7));
        }
      }
  CHECK(std::find(covered.begin(), covered.end(), false) == covered.end());
}

TEST_CASE("Terms of a loss keep NaN and clip as Keras does, on every level", "[host][compute]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Values one{1}, target{0.5F};
  for (const auto& [name, table] : kairos::tests::levels_of(term_kernels_base, terms_v3, term_kernels())) {
    for (const TermCase& c : term_cases()) {
      INFO(name << ", term " << static_cast<int>(c.term));
      float each = 0;
      table->terms[static_cast<std::size_t>(c.term)].values({1, 1, c.arguments.data(), target.data(), &nan},
                                                            1, &each);
      CHECK(std::isnan(each));
    }
    const Values smoothing{0}, certain{1};
    const float zero = 0;
    float each = 0, gradient = 5;
    const TermKernels& kernels = table->terms[static_cast<std::size_t>(Term::BinaryCrossentropy)];
    kernels.values({1, 1, smoothing.data(), certain.data(), &zero}, 1, &each);
    kernels.gradient({1, 1, smoothing.data(), certain.data(), &zero}, 1, one.data(), &gradient);
    CHECK(static_cast<double>(each) == Approx(-std::log(1e-7)));
    CHECK(gradient == 0.0F);
  }
}

TEST_CASE("Elementwise functions and losses give the same bits on any number of threads", "[host][compute]") {
  constexpr std::int64_t rows = 61, features = 3001, n = rows * features;
  const Values x = probabilities(n, 4), target = probabilities(n, 5), scale = normal_values(rows, 6);
  const auto all = [&](std::int64_t threads) {
    const std::int64_t before = parallel_threads();
    set_parallel_threads(threads);
    Values found(static_cast<std::size_t>(3 * n + rows));
    const PointwiseFunction mish{Function::Mish};
    mish.value(n, x.data(), found.data());
    mish.gradient(n, x.data(), target.data(), found.data() + n);
    const RowLoss loss{Term::BinaryCrossentropy, {0}};
    loss.values(rows, features, 2, target.data(), x.data(), found.data() + 2 * n);
    loss.gradient(rows, features, 2, target.data(), x.data(), scale.data(), found.data() + 2 * n + rows);
    set_parallel_threads(before);
    return found;
  };
  CHECK(all(1) == all(2));
  CHECK(all(1) == all(3));
}
