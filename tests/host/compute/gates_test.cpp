// SPDX-License-Identifier: MIT
#include "compute/kernels/gates.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "host/compute/levels.hpp"

namespace kairos::host {
extern const GateKernels gate_kernels_base;
#ifdef __x86_64__
extern const GateKernels gate_kernels_v3;
#endif
}  // namespace kairos::host

using namespace kairos::host;

namespace {

using Values = std::vector<float>;

auto levels() {
#ifdef __x86_64__
  return kairos::tests::levels_of(gate_kernels_base, &gate_kernels_v3, gate_kernels());
#else
  return kairos::tests::levels_of<GateKernels>(gate_kernels_base, nullptr, gate_kernels());
#endif
}

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

constexpr std::int64_t n = 4001;  // not a multiple of the vector width
constexpr auto count = static_cast<std::size_t>(n);

/// The same from -100 to 100 in each of the gates.
float input(std::size_t k) {
  return (static_cast<float>(k) - 2000) / 20;
}
Values inputs(std::size_t gates) {
  Values values(gates * count);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = input(i % count);
  return values;
}

}  // namespace

TEST_CASE("The gates of an LSTM agree with the library's functions on every level", "[host][compute]") {
  for (const auto& [name, kernels] : levels()) {
    Values gates = inputs(4), before(count, 0.5F), cell(count), output(count);
    kernels->lstm({n, gates.data(), before.data(), cell.data()}, output.data());
    for (std::size_t k = 0; k < count; ++k) {
      const auto x = static_cast<double>(input(k));
      INFO(name << ": " << x);
      const double now = logistic(x) * 0.5 + logistic(x) * std::tanh(x);
      REQUIRE(static_cast<double>(gates[k]) == Approx(logistic(x)).epsilon(1e-6).margin(1e-37));
      REQUIRE(static_cast<double>(gates[2 * count + k]) == Approx(std::tanh(x)).epsilon(1e-6));
      REQUIRE(static_cast<double>(cell[k]) == Approx(now).epsilon(2e-6).margin(1e-7));
      REQUIRE(static_cast<double>(output[k]) ==
              Approx(logistic(x) * std::tanh(now)).epsilon(2e-6).margin(1e-7));
    }
  }
}

TEST_CASE("The gates of a GRU agree with the library's functions on every level", "[host][compute]") {
  for (const auto& [name, kernels] : levels()) {
    Values gates = inputs(3), recurrent(3 * count, 0.25F), inner(count), before(count, 0.5F), output(count);
    kernels->gru({n, gates.data(), inner.data(), before.data()}, recurrent.data(), output.data());
    for (std::size_t k = 0; k < count; ++k) {
      const auto x = static_cast<double>(input(k));
      INFO(name << ": " << x);
      const double gate = logistic(x + 0.25), candidate = std::tanh(x + gate * 0.25);
      REQUIRE(static_cast<double>(gates[k]) == Approx(gate).epsilon(2e-6).margin(1e-37));
      REQUIRE(static_cast<double>(gates[2 * count + k]) == Approx(candidate).epsilon(2e-6).margin(1e-7));
      REQUIRE(inner[k] == 0.25F);
      REQUIRE(static_cast<double>(output[k]) ==
              Approx(gate * 0.5 + (1 - gate) * candidate).epsilon(2e-6).margin(1e-6));
    }
  }
}

TEST_CASE("NaN stays NaN in a gate and does not affect other units", "[host][compute]") {
  for (const auto& [name, kernels] : levels()) {
    INFO(name);
    for (const std::size_t units : {1U, 3U, 16U, 19U}) {
      Values gates(4 * units, 0.0F), before(units, 1.0F), cell(units), output(units);
      gates[0] = std::nanf("");
      kernels->lstm({static_cast<std::int64_t>(units), gates.data(), before.data(), cell.data()},
                    output.data());
      CHECK(std::isnan(output[0]));
      for (std::size_t k = 1; k < units; ++k) CHECK(output[k] == Approx(0.5 * std::tanh(0.5)));
    }
  }
}
