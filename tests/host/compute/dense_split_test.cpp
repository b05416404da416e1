// SPDX-License-Identifier: MIT
#include "compute/dense_split.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "compute/dense.hpp"
#include "compute/team_size.hpp"
#include "host/compute/normal_values.hpp"

using namespace kairos::host;
using kairos::tests::normal_values;

namespace {

struct Size {
  std::int64_t rows, inputs, units;
};

/// y, x_gradient, kernel_gradient and bias_gradient, one after the other.
template <typename Kernel>
std::vector<float> all_products(Kernel& kernel, const Size& s) {
  const auto x = normal_values(s.rows * s.inputs, 1), weights = normal_values(s.inputs * s.units, 2),
             bias = normal_values(s.units, 3), y_gradient = normal_values(s.rows * s.units, 4);
  const std::int64_t y = s.rows * s.units, x_gradient = y + s.rows * s.inputs,
                     kernel_gradient = x_gradient + s.inputs * s.units;
  // Previous contents must not affect the result.
  std::vector<float> found(static_cast<std::size_t>(kernel_gradient + s.units), 9);
  kernel.forward(s.rows, x.data(), weights.data(), bias.data(), found.data());
  kernel.backward_data(s.rows, y_gradient.data(), weights.data(), found.data() + y);
  kernel.backward_weights(s.rows, x.data(), y_gradient.data(), found.data() + x_gradient,
                          found.data() + kernel_gradient);
  return found;
}

}  // namespace

TEST_CASE("The rows of a dense kernel are partitioned over any number of threads", "[host][compute]") {
  for (const SplitBy by : {SplitBy::Loops, SplitBy::Gemm})
    for (const Size size : {Size{9, 7, 20}, Size{33, 300, 65}, Size{1, 1, 1}}) {
      ComputeEngine engine;
      DenseKernel plain(engine, size.inputs, size.units, DensePath::Plain);
      const std::vector<float> expected = all_products(plain, size);
      for (const int threads : {1, 2, 3, 5, 8}) {
        INFO(size.rows << "x" << size.inputs << "x" << size.units << " on " << threads << " threads");
        const TeamSize team(threads);
        DenseSplit split(size.inputs, size.units, by);
        const std::vector<float> found = all_products(split, size);
        for (std::size_t i = 0; i < expected.size(); ++i)
          REQUIRE(found[i] == Approx(expected[i]).epsilon(1e-5).margin(1e-4));
        CHECK(all_products(split, size) == found);
      }
    }
}
