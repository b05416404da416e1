// SPDX-License-Identifier: MIT
#include "compute/activation.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

using namespace kairos::host;

namespace {

/// Away from the corners of the piecewise ones, so that differences are slopes.
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
};

std::vector<double> softmax(const std::vector<double>& x) {
  std::vector<double> y;
  double sum = 0;
  for (const double value : x) sum += std::exp(value);
  for (const double value : x) y.push_back(std::exp(value) / sum);
  return y;
}

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
    CHECK((known || name == "softmax"));
  }
}

TEST_CASE("Softmax normalises each row and differentiates across it", "[host][compute]") {
  const Activation& activation = *find_activation("softmax");
  const std::vector<float> x{0.5F, -1, 2, 0.1F, 3, 3};
  const std::vector<float> y_gradient{1, -2, 0.5F, 0.3F, 0, 4};
  std::vector<float> y(6), gradient(6);
  activation.forward(2, 3, x.data(), y.data());
  activation.backward(2, 3, y.data(), y_gradient.data(), gradient.data());
  for (std::size_t row = 0; row < 2; ++row)
    for (std::size_t i = 0; i < 3; ++i) {
      const auto objective = [&](double shift) {
        std::vector<double> in;
        for (std::size_t k = 0; k < 3; ++k)
          in.push_back(static_cast<double>(x[row * 3 + k]) + (k == i ? shift : 0));
        const std::vector<double> out = softmax(in);
        double sum = 0;
        for (std::size_t k = 0; k < 3; ++k) sum += out[k] * static_cast<double>(y_gradient[row * 3 + k]);
        return sum;
      };
      CHECK(static_cast<double>(gradient[row * 3 + i]) ==
            Approx((objective(1e-5) - objective(-1e-5)) / 2e-5).epsilon(1e-4).margin(1e-5));
    }
}

TEST_CASE("Softmax survives logits that overflow exp", "[host][compute]") {
  const std::vector<float> x{1000, 1001, -1000};
  std::vector<float> y(3);
  find_activation("softmax")->forward(1, 3, x.data(), y.data());
  CHECK(static_cast<double>(y[1]) == Approx(1 / (1 + std::exp(-1.0))));
  CHECK(y[2] == 0.0F);
}

TEST_CASE("An activation lets NaN through", "[host][compute]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const std::string& name : activation_names()) {
    INFO(name);
    float y = 0;
    find_activation(name)->forward(1, 1, &nan, &y);
    CHECK(std::isnan(y));
  }
}

TEST_CASE("A name that is no activation finds nothing", "[host][compute]") {
  CHECK(find_activation("rleu") == nullptr);
}
