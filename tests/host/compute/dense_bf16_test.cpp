// SPDX-License-Identifier: MIT
#include "compute/dense_bf16.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "compute/dense.hpp"
#include "host/compute/bf16.hpp"
#include "host/compute/normal_values.hpp"

using namespace kairos::host;
using kairos::tests::multiplies_bf16;
using kairos::tests::normal_values;
using kairos::tests::rounded;

namespace {

double at(const std::vector<float>& values, std::int64_t i) {
  return static_cast<double>(values[static_cast<std::size_t>(i)]);
}

double rounded_at(const std::vector<float>& values, std::int64_t i) {
  return static_cast<double>(rounded(values[static_cast<std::size_t>(i)]));
}

struct Size {
  std::int64_t rows, inputs, units;
};

struct Problem {
  explicit Problem(Size s)
      : size(s),
        x(normal_values(s.rows * s.inputs, 1)),
        kernel(normal_values(s.inputs * s.units, 2)),
        bias(normal_values(s.units, 3)),
        y_gradient(normal_values(s.rows * s.units, 4)),
        y(y_gradient.size()),
        // Previous contents must not affect the result.
        x_gradient(x.size(), 9),
        kernel_gradient(kernel.size(), 9),
        bias_gradient(bias.size(), 9) {}

  void run(DenseKernel& product, bool with_bias) {
    product.forward(size.rows, x.data(), kernel.data(), with_bias ? bias.data() : nullptr, y.data());
    product.backward_data(size.rows, y_gradient.data(), kernel.data(), x_gradient.data());
    product.backward_weights(size.rows, x.data(), y_gradient.data(), kernel_gradient.data(),
                             with_bias ? bias_gradient.data() : nullptr);
  }

  Size size;
  std::vector<float> x, kernel, bias, y_gradient;
  std::vector<float> y, x_gradient, kernel_gradient, bias_gradient;
};

const std::vector<Size> sizes{{1, 1, 1},     {1, 7, 3},    {5, 4, 1},      {3, 64, 10}, {32, 17, 33},
                              {128, 65, 48}, {33, 129, 2}, {97, 700, 130}, {0, 7, 3}};

/// The tolerance of a float32 sum of `terms` products in any order.
auto sum_of(double expected, std::int64_t terms) {
  return Approx(expected).epsilon(1e-5).margin(1e-6 * static_cast<double>(terms + 8));
}

/// Calls `check` after all three products of every size, if the processor supports them.
template <typename Check>
void each_product(const Check& check) {
  if (!multiplies_bf16()) return;
  for (const Size size : sizes)
    for (const bool with_bias : {true, false}) {
      INFO(size.rows << "x" << size.inputs << "x" << size.units);
      Problem p(size);
      ComputeEngine engine;
      DenseKernel product(engine, size.inputs, size.units, DensePath::Bf16);
      p.run(product, with_bias);
      check(p, size, with_bias);
    }
}

}  // namespace

TEST_CASE("A dense product in bf16 is the product of the rounded factors plus the exact bias",
          "[host][compute]") {
  each_product([](const Problem& p, const Size& size, bool with_bias) {
    for (std::int64_t row = 0; row < size.rows; ++row)
      for (std::int64_t unit = 0; unit < size.units; ++unit) {
        double expected = with_bias ? at(p.bias, unit) : 0;
        for (std::int64_t i = 0; i < size.inputs; ++i)
          expected += rounded_at(p.x, row * size.inputs + i) * rounded_at(p.kernel, i * size.units + unit);
        REQUIRE(at(p.y, row * size.units + unit) == sum_of(expected, size.inputs));
      }
  });
}

TEST_CASE("A dense product in bf16 has the gradients of the rounded factors", "[host][compute]") {
  each_product([](const Problem& p, const Size& size, bool with_bias) {
    for (std::int64_t row = 0; row < size.rows; ++row)
      for (std::int64_t i = 0; i < size.inputs; ++i) {
        double expected = 0;
        for (std::int64_t unit = 0; unit < size.units; ++unit)
          expected +=
              rounded_at(p.y_gradient, row * size.units + unit) * rounded_at(p.kernel, i * size.units + unit);
        REQUIRE(at(p.x_gradient, row * size.inputs + i) == sum_of(expected, size.units));
      }
    for (std::int64_t unit = 0; unit < size.units; ++unit) {
      double expected_bias = 0;
      for (std::int64_t row = 0; row < size.rows; ++row)
        expected_bias += at(p.y_gradient, row * size.units + unit);
      REQUIRE(at(p.bias_gradient, unit) == sum_of(with_bias ? expected_bias : 9, size.rows));
      for (std::int64_t i = 0; i < size.inputs; ++i) {
        double expected = 0;
        for (std::int64_t row = 0; row < size.rows; ++row)
          expected +=
              rounded_at(p.x, row * size.inputs + i) * rounded_at(p.y_gradient, row * size.units + unit);
        REQUIRE(at(p.kernel_gradient, i * size.units + unit) == sum_of(expected, size.rows));
      }
    }
  });
}

TEST_CASE("A dense product in bf16 uses the current values of its inputs", "[host][compute]") {
  if (!multiplies_bf16()) return;
  Problem fresh({64, 100, 40}), used({64, 100, 40}), other({10, 100, 40});
  for (float& value : used.kernel) value += 1;
  for (float& value : used.y_gradient) value += 1;
  ComputeEngine engine;
  DenseKernel one(engine, 100, 40, DensePath::Bf16), again(engine, 100, 40, DensePath::Bf16);
  one.forward(64, fresh.x.data(), fresh.kernel.data(), nullptr, fresh.y.data());
  fresh.run(one, true);
  used.run(again, true);
  other.run(again, true);
  Problem repeated({64, 100, 40});
  repeated.run(again, true);
  CHECK(repeated.y == fresh.y);
  CHECK(repeated.x_gradient == fresh.x_gradient);
  CHECK(repeated.kernel_gradient == fresh.kernel_gradient);
  CHECK(repeated.bias_gradient == fresh.bias_gradient);
}

TEST_CASE("Rounding to bfloat16 goes to the nearest, ties to even, and keeps NaN", "[host][compute]") {
  if (!multiplies_bf16()) return;
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  // 1 + 2^-8 lies between 1 and 1 + 2^-7, 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6.
  const std::vector<float> values{0.0F, -2.5F, 1.00390625F, 1.01171875F, 1.004F, 3.4e38F, -infinity, nan};
  const std::vector<std::uint16_t> expected{0x0000, 0xC020, 0x3F80, 0x3F82, 0x3F81, 0x7F80, 0xFF80};
  ComputeEngine engine;
  Rounded copy(engine);
  copy.copy(static_cast<std::int64_t>(values.size()), values.data());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(copy.data()[i] == expected[i]);
  CHECK((copy.data()[7] & 0x7FFFU) > 0x7F80U);
}

TEST_CASE("A product in bf16 propagates NaN", "[host][compute]") {
  if (!multiplies_bf16()) return;
  Problem p({4, 33, 17});
  p.x[5] = std::numeric_limits<float>::quiet_NaN();
  ComputeEngine engine;
  DenseKernel product(engine, 33, 17, DensePath::Bf16);
  p.run(product, true);
  CHECK(std::isnan(p.y[0]));
  CHECK_FALSE(std::isnan(p.y[17]));
  CHECK(std::isnan(p.kernel_gradient[5 * 17]));
  CHECK_FALSE(std::isnan(p.kernel_gradient[4 * 17]));
}
