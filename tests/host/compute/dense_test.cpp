// SPDX-License-Identifier: MIT
#include "compute/dense.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "compute/random.hpp"

using namespace kairos::host;

namespace {

std::vector<float> normal_values(std::int64_t n, std::uint64_t key) {
  RandomStream random(key);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(random.uniform() * 2 - 1);
  return values;
}

double at(const std::vector<float>& values, std::int64_t i) {
  return static_cast<double>(values[static_cast<std::size_t>(i)]);
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
        y_gradient(normal_values(s.rows * s.units, 4)) {}
  Size size;
  std::vector<float> x, kernel, bias, y_gradient;
};

const std::vector<Size> sizes{{1, 1, 1},    {1, 7, 3},     {5, 4, 1},      {3, 64, 10},
                              {32, 17, 33}, {128, 65, 48}, {97, 700, 130}, {0, 7, 3}};
const std::vector<DensePath> paths{DensePath::Plain, DensePath::Blocked, DensePath::Primitive,
                                   DensePath::Split, DensePath::Auto};

}  // namespace

TEST_CASE("A dense product multiplies by the kernel and adds the bias on every path", "[host][compute]") {
  for (const Size size : sizes)
    for (const DensePath path : paths)
      for (const bool with_bias : {true, false}) {
        const Problem p(size);
        INFO(size.rows << "x" << size.inputs << "x" << size.units << " path " << static_cast<int>(path));
        ComputeEngine engine;
        DenseKernel kernel(engine, size.inputs, size.units, path);
        std::vector<float> y(p.y_gradient.size());
        kernel.forward(size.rows, p.x.data(), p.kernel.data(), with_bias ? p.bias.data() : nullptr, y.data());
        for (std::int64_t row = 0; row < size.rows; ++row)
          for (std::int64_t unit = 0; unit < size.units; ++unit) {
            double expected = with_bias ? at(p.bias, unit) : 0;
            for (std::int64_t i = 0; i < size.inputs; ++i)
              expected += at(p.x, row * size.inputs + i) * at(p.kernel, i * size.units + unit);
            REQUIRE(at(y, row * size.units + unit) == Approx(expected).epsilon(1e-5).margin(2e-5));
          }
      }
}

TEST_CASE("A dense product has the gradients of its formula on every path", "[host][compute]") {
  for (const Size size : sizes)
    for (const DensePath path : paths)
      for (const bool with_bias : {true, false}) {
        const Problem p(size);
        INFO(size.rows << "x" << size.inputs << "x" << size.units << " path " << static_cast<int>(path));
        ComputeEngine engine;
        DenseKernel kernel(engine, size.inputs, size.units, path);
        // Previous contents must not affect the result.
        std::vector<float> x_gradient(p.x.size(), 9), kernel_gradient(p.kernel.size(), 9),
            bias_gradient(p.bias.size(), 9);
        kernel.backward_data(size.rows, p.y_gradient.data(), p.kernel.data(), x_gradient.data());
        kernel.backward_weights(size.rows, p.x.data(), p.y_gradient.data(), kernel_gradient.data(),
                                with_bias ? bias_gradient.data() : nullptr);
        for (std::int64_t row = 0; row < size.rows; ++row)
          for (std::int64_t i = 0; i < size.inputs; ++i) {
            double expected = 0;
            for (std::int64_t unit = 0; unit < size.units; ++unit)
              expected += at(p.y_gradient, row * size.units + unit) * at(p.kernel, i * size.units + unit);
            REQUIRE(at(x_gradient, row * size.inputs + i) == Approx(expected).epsilon(1e-5).margin(1e-5));
          }
        for (std::int64_t unit = 0; unit < size.units; ++unit) {
          double expected_bias = 0;
          for (std::int64_t row = 0; row < size.rows; ++row)
            expected_bias += at(p.y_gradient, row * size.units + unit);
          REQUIRE(at(bias_gradient, unit) ==
                  Approx(with_bias ? expected_bias : 9).epsilon(1e-5).margin(1e-5));
          for (std::int64_t i = 0; i < size.inputs; ++i) {
            double expected = 0;
            for (std::int64_t row = 0; row < size.rows; ++row)
              expected += at(p.x, row * size.inputs + i) * at(p.y_gradient, row * size.units + unit);
            REQUIRE(at(kernel_gradient, i * size.units + unit) ==
                    Approx(expected).epsilon(1e-5).margin(1e-5));
          }
        }
      }
}

TEST_CASE("A dense product gives the same bits when it is repeated", "[host][compute]") {
  const Problem p({64, 100, 40});
  ComputeEngine engine;
  DenseKernel kernel(engine, 100, 40, GENERATE(DensePath::Primitive, DensePath::Split));
  std::vector<float> first(p.y_gradient.size()), second(p.y_gradient.size());
  kernel.forward(64, p.x.data(), p.kernel.data(), p.bias.data(), first.data());
  kernel.forward(10, p.x.data(), p.kernel.data(), p.bias.data(), second.data());
  kernel.forward(64, p.x.data(), p.kernel.data(), p.bias.data(), second.data());
  CHECK(first == second);
}
