// SPDX-License-Identifier: MIT
#include "compute/activation.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "compute/random.hpp"

using namespace kairos::host;

namespace {

/// Away from the kinks of piecewise functions, so that finite differences equal slopes.
const std::vector<float> inputs{-3.7F, -2.1F, -0.8F, -0.05F, 0.04F, 0.6F,
                                1.9F,  2.8F,  4.5F,  6.5F,   -6.5F, 0.3F};

struct Case {
  const char* name;
  std::function<double(double)> f;
};

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

const std::vector<Case> cases{
    {"linear", [](double x) { return x; }},
    {"relu", [](double x) { return std::max(0.0, x); }},
    {"relu6", [](double x) { return std::clamp(x, 0.0, 6.0); }},
    {"leaky_relu", [](double x) { return x < 0 ? 0.2 * x : x; }},
    {"sigmoid", sigmoid},
    {"hard_sigmoid", [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"elu", [](double x) { return x < 0 ? std::exp(x) - 1 : x; }},
    {"selu",
     [](double x) { return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * (std::exp(x) - 1) : x); }},
    {"exponential", [](double x) { return std::exp(x); }},
    {"softplus", [](double x) { return std::log(1 + std::exp(x)); }},
    {"softsign", [](double x) { return x / (1 + std::abs(x)); }},
    {"silu", [](double x) { return x * sigmoid(x); }},
    {"swish", [](double x) { return x * sigmoid(x); }},
    {"gelu", [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }},
    {"celu", [](double x) { return std::max(0.0, x) + std::min(0.0, std::exp(x) - 1); }},
    {"hard_silu", [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
    {"hard_swish", [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
    {"hard_tanh", [](double x) { return std::clamp(x, -1.0, 1.0); }},
    {"hard_shrink", [](double x) { return std::abs(x) > 0.5 ? x : 0.0; }},
    {"soft_shrink", [](double x) { return std::copysign(std::max(std::abs(x) - 0.5, 0.0), x); }},
    {"tanh_shrink", [](double x) { return x - std::tanh(x); }},
    {"log_sigmoid", [](double x) { return std::log(sigmoid(x)); }},
    {"mish", [](double x) { return x * std::tanh(std::log(1 + std::exp(x))); }},
    {"sparse_plus", [](double x) { return x <= -1 ? 0 : (x < 1 ? (x + 1) * (x + 1) / 4 : x); }},
    {"sparse_sigmoid", [](double x) { return std::clamp((x + 1) / 2, 0.0, 1.0); }},
    {"squareplus", [](double x) { return (x + std::sqrt(x * x + 4)) / 2; }},
};

std::vector<double> softmax(const std::vector<double>& x) {
  std::vector<double> y;
  double sum = 0;
  for (const double value : x) sum += std::exp(value);
  for (const double value : x) y.push_back(std::exp(value) / sum);
  return y;
}

std::vector<double> log_softmax(const std::vector<double>& x) {
  std::vector<double> y = softmax(x);
  for (double& value : y) value = std::log(value);
  return y;
}

std::vector<double> glu(const std::vector<double>& x) {
  std::vector<double> y;
  for (std::size_t i = 0; i < x.size() / 2; ++i) y.push_back(x[i] * sigmoid(x[x.size() / 2 + i]));
  return y;
}

/// With sorting, as published.
std::vector<double> sparsemax(const std::vector<double>& x) {
  std::vector<double> sorted = x;
  std::sort(sorted.rbegin(), sorted.rend());
  double sum = 0, taken = 0;
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    sum += sorted[k];
    const auto count = static_cast<double>(k + 1);
    if (1 + count * sorted[k] > sum) taken = (sum - 1) / count;
  }
  std::vector<double> y;
  for (const double value : x) y.push_back(std::max(0.0, value - taken));
  return y;
}

struct RowCase {
  const char* name;
  std::vector<double> (*f)(const std::vector<double>&);
};
const std::vector<RowCase> row_cases{
    {"softmax", softmax}, {"log_softmax", log_softmax}, {"sparsemax", sparsemax}, {"glu", glu}};

}  // namespace

TEST_CASE("An activation has the value and the slope of its formula", "[host][compute]") {
  for (const Case& c : cases) {
    INFO(c.name);
    const Activation* activation = find_activation(c.name);
    REQUIRE(activation != nullptr);
    const auto n = static_cast<std::int64_t>(inputs.size());
    std::vector<float> y(inputs.size()), gradient(inputs.size());
    const std::vector<float> ones(inputs.size(), 2.0F);
    activation->forward(n, 1, inputs.data(), y.data());
    const float* kept = activation->needs == ActivationNeeds::Input ? inputs.data() : y.data();
    activation->backward(n, 1, kept, ones.data(), gradient.data());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto x = static_cast<double>(inputs[i]);
      constexpr double h = 1e-5;
      INFO("x = " << x);
      CHECK(static_cast<double>(y[i]) == Approx(c.f(x)).epsilon(1e-5).margin(1e-6));
      CHECK(static_cast<double>(gradient[i]) ==
            Approx((c.f(x + h) - c.f(x - h)) / h).epsilon(1e-4).margin(1e-5));
    }
  }
}

TEST_CASE("Every activation is covered by a formula", "[host][compute]") {
  for (const std::string& name : activation_names()) {
    INFO(name);
    const bool known = std::any_of(cases.begin(), cases.end(), [&](const Case& c) { return c.name == name; });
    const bool of_rows =
        std::any_of(row_cases.begin(), row_cases.end(), [&](const RowCase& c) { return c.name == name; });
    CHECK((known || of_rows));
  }
}

TEST_CASE("Activations of rows work on each row and differentiate across it", "[host][compute]") {
  const std::vector<float> x{0.5F, -1, 2, 0.1F, 3, 3, 0.3F, 0.2F, 0.6F, -50, 40, 39.5F};
  const std::vector<float> y_gradient{1, -2, 0.5F, 0.3F, 0, 4, -1, 2, 0.7F, 1, 2, 3};
  for (const RowCase& c : row_cases) {
    const Activation& activation = *find_activation(c.name);
    const bool whole = activation.keeps_width();
    const std::size_t width = whole ? 3 : 4, out_width = whole ? 3 : 2, rows = x.size() / width;
    std::vector<float> y(rows * out_width), gradient(x.size());
    const auto n = static_cast<std::int64_t>(rows), w = static_cast<std::int64_t>(width);
    activation.forward(n, w, x.data(), y.data());
    const float* kept = activation.needs == ActivationNeeds::Input ? x.data() : y.data();
    activation.backward(n, w, kept, y_gradient.data(), gradient.data());
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t i = 0; i < width; ++i) {
        const auto shifted = [&](double shift) {
          std::vector<double> in;
          for (std::size_t k = 0; k < width; ++k)
            in.push_back(static_cast<double>(x[row * width + k]) + (k == i ? shift : 0));
          return c.f(in);
        };
        const auto objective = [&](double shift) {
          const std::vector<double> out = shifted(shift);
          double sum = 0;
          for (std::size_t k = 0; k < out_width; ++k)
            sum += out[k] * static_cast<double>(y_gradient[row * out_width + k]);
          return sum;
        };
        INFO(c.name << " row " << row << " value " << i);
        if (i < out_width)
          CHECK(static_cast<double>(y[row * out_width + i]) ==
                Approx(shifted(0)[i]).epsilon(1e-5).margin(1e-6));
        CHECK(static_cast<double>(gradient[row * width + i]) ==
              Approx((objective(1e-5) - objective(-1e-5)) / 2e-5).epsilon(1e-4).margin(1e-5));
      }
  }
}

TEST_CASE("Sparsemax is a distribution for values at the threshold", "[host][compute]") {
  kairos::host::RandomStream random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<double> x(1 + static_cast<std::size_t>(random.uniform() * 9));
    // Sums of tenths and thirds are equal except for rounding.
    for (double& value : x)
      value =
          static_cast<double>(static_cast<float>(std::floor(random.uniform() * 30) / (round % 2 ? 10 : 3)));
    const std::vector<float> row(x.begin(), x.end());
    std::vector<float> y(row.size());
    find_activation("sparsemax")->forward(1, static_cast<std::int64_t>(row.size()), row.data(), y.data());
    const std::vector<double> expected = sparsemax(x);
    for (std::size_t i = 0; i < y.size(); ++i)
      REQUIRE(static_cast<double>(y[i]) == Approx(expected[i]).margin(1e-6));
  }
}

TEST_CASE("Softmax and similar functions handle values that overflow", "[host][compute]") {
  const std::vector<float> x{1000, 1001, -1000};
  std::vector<float> y(3);
  find_activation("softmax")->forward(1, 3, x.data(), y.data());
  CHECK(static_cast<double>(y[1]) == Approx(1 / (1 + std::exp(-1.0))));
  CHECK(y[2] == 0.0F);
  const float infinite = std::numeric_limits<float>::infinity();
  for (const auto& [row, first] : {std::pair{std::vector<float>{3e38F, 1, -3e38F}, 1.0F},
                                   std::pair{std::vector<float>{2, 2, -infinite}, 0.5F}}) {
    find_activation("sparsemax")->forward(1, 3, row.data(), y.data());
    CHECK(y[0] == first);
    CHECK(y[2] == 0.0F);
  }
  find_activation("sparsemax")->forward(1, 3, std::vector<float>{infinite, 1, 2}.data(), y.data());
  CHECK(std::isnan(y[1]));
}

TEST_CASE("Activations propagate NaN", "[host][compute]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::string& name : activation_names()) {
    INFO(name);
    for (const auto& row : {std::vector<float>{nan, 1}, std::vector<float>{1, nan}}) {
      const Activation& activation = *find_activation(name);
      const std::int64_t width = activation.inputs_per_output;
      std::vector<float> y(2);
      activation.forward(2 / width, width, row.data(), y.data());
      CHECK((std::isnan(y[0]) || std::isnan(y[1])));
    }
  }
}

TEST_CASE("An unknown activation name is not found", "[host][compute]") {
  CHECK(find_activation("rleu") == nullptr);
}
