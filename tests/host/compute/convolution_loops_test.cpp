// SPDX-License-Identifier: MIT
#include "compute/convolution_loops.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "compute/random.hpp"
#include "compute/team_size.hpp"

using namespace kairos::host;

namespace {

using Values = std::vector<float>;

struct Case {
  const char* what;
  Window window;
  std::int64_t channels, filters;
};

const std::vector<Case> cases{
    {"no margins", {{7, 6}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {5, 4}}, 2, 16},
    {"margins all around", {{7, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {7, 6}}, 3, 8},
    {"a margin behind only", {{5, 5}, {2, 2}, {1, 1}, {1, 1}, {0, 0}, {5, 5}}, 1, 5},
    {"a window that is not square", {{6, 9}, {1, 5}, {1, 1}, {1, 1}, {0, 2}, {6, 9}}, 4, 24},
    {"strides that leave a rest", {{8, 7}, {3, 2}, {2, 3}, {1, 1}, {0, 0}, {3, 2}}, 3, 9},
    {"strides and margins", {{7, 6}, {3, 3}, {2, 2}, {1, 1}, {1, 0}, {4, 3}}, 2, 8},
    {"one point", {{4, 4}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {4, 4}}, 5, 1},
};

/// Visits all products of the definition: indices into x, kernel and y.
template <typename Visit>
void each_product(const Case& c, std::int64_t batch, Visit&& visit) {
  const Window& w = c.window;
  for (std::int64_t n = 0; n < batch; ++n)
    for (std::int64_t row = 0; row < w.output[0]; ++row)
      for (std::int64_t column = 0; column < w.output[1]; ++column)
        for (std::int64_t i = 0; i < w.size[0]; ++i)
          for (std::int64_t j = 0; j < w.size[1]; ++j) {
            const std::int64_t a = row * w.stride[0] + i - w.before[0];
            const std::int64_t b = column * w.stride[1] + j - w.before[1];
            if (a < 0 || a >= w.input[0] || b < 0 || b >= w.input[1]) continue;
            for (std::int64_t k = 0; k < c.channels; ++k)
              for (std::int64_t f = 0; f < c.filters; ++f)
                visit(static_cast<std::size_t>(((n * w.input[0] + a) * w.input[1] + b) * c.channels + k),
                      static_cast<std::size_t>(((i * w.size[1] + j) * c.channels + k) * c.filters + f),
                      static_cast<std::size_t>(((n * w.output[0] + row) * w.output[1] + column) * c.filters +
                                               f));
          }
}

Values random_values(std::int64_t n, std::uint64_t key) {
  RandomStream stream(key);
  Values values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(stream.normal());
  return values;
}

void check_close(const Values& found, const std::vector<double>& expected) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("element " << i);
    REQUIRE(static_cast<double>(found[i]) == Approx(expected[i]).epsilon(1e-5).margin(1e-5));
  }
}

/// A convolution, its arrays, and what comes out with some number of threads.
struct Rig {
  Rig(const Case& c, std::int64_t n)
      : batch(n),
        loops({c.window, c.channels, c.filters, 1}),
        x(random_values(n * c.window.input[0] * c.window.input[1] * c.channels, 1)),
        kernel(random_values(c.window.size[0] * c.window.size[1] * c.channels * c.filters, 2)),
        bias(random_values(c.filters, 3)),
        y_gradient(random_values(n * c.window.output[0] * c.window.output[1] * c.filters, 4)) {}

  Values forward() {
    Values y(y_gradient.size());
    loops.forward(batch, x.data(), kernel.data(), bias.data(), y.data());
    return y;
  }
  Values backward_data() {
    Values gradient(x.size());
    loops.backward_data(batch, y_gradient.data(), kernel.data(), gradient.data());
    return gradient;
  }
  Values backward_weights(Values& bias_gradient) {
    Values gradient(kernel.size());
    bias_gradient.assign(bias.size(), 0.0F);
    loops.backward_weights(batch, x.data(), y_gradient.data(), gradient.data(), bias_gradient.data());
    return gradient;
  }

  std::int64_t batch;
  ConvolutionLoops loops;
  Values x, kernel, bias, y_gradient;
};

}  // namespace

TEST_CASE("A convolution in loops is the sum of its definition, and so are its gradients",
          "[host][compute]") {
  for (const Case& c : cases) {
    INFO(c.what);
    const ConvolutionShape shape{c.window, c.channels, c.filters, 1};
    REQUIRE(ConvolutionLoops::can_do(shape));
    Rig rig(c, 11);  // more pictures than are summed together
    std::vector<double> y(rig.y_gradient.size()), x_gradient(rig.x.size()),
        kernel_gradient(rig.kernel.size()), bias_gradient(rig.bias.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = static_cast<double>(rig.bias[i % rig.bias.size()]);
      bias_gradient[i % rig.bias.size()] += static_cast<double>(rig.y_gradient[i]);
    }
    each_product(c, rig.batch, [&](std::size_t from, std::size_t by, std::size_t to) {
      y[to] += static_cast<double>(rig.x[from]) * static_cast<double>(rig.kernel[by]);
      x_gradient[from] += static_cast<double>(rig.kernel[by]) * static_cast<double>(rig.y_gradient[to]);
      kernel_gradient[by] += static_cast<double>(rig.x[from]) * static_cast<double>(rig.y_gradient[to]);
    });
    check_close(rig.forward(), y);
    if (ConvolutionLoops::can_do_data(shape)) check_close(rig.backward_data(), x_gradient);
    Values found_bias;
    check_close(rig.backward_weights(found_bias), kernel_gradient);
    check_close(found_bias, bias_gradient);
  }
}

TEST_CASE("A convolution in loops gives the same bits with any number of threads", "[host][compute]") {
  // Large enough that several threads are used.
  const Case large{"large", {{20, 20}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {20, 20}}, 16, 32};
  Rig rig(large, 9);
  Values first_bias, bias;
  Values first[3];
  for (const int threads : {1, 2, 3}) {
    const TeamSize team(threads);
    const Values now[3] = {rig.forward(), rig.backward_data(), rig.backward_weights(bias)};
    if (threads == 1) {
      for (int i = 0; i < 3; ++i) first[i] = now[i];
      first_bias = bias;
    }
    for (int i = 0; i < 3; ++i) CHECK(now[i] == first[i]);
    CHECK(bias == first_bias);
  }
}

TEST_CASE("Convolutions with groups, dilation or a large kernel are not done in loops", "[host][compute]") {
  ConvolutionShape shape{{{9, 9}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {7, 7}}, 4, 8, 1};
  CHECK(ConvolutionLoops::can_do(shape));
  CHECK_FALSE(ConvolutionLoops::should_do_weights(shape));
  ConvolutionShape strided = shape;
  strided.window.stride = {2, 2};
  CHECK_FALSE(ConvolutionLoops::can_do_data(strided));
  ConvolutionShape dilated = shape;
  dilated.window.dilation = {2, 1};
  CHECK_FALSE(ConvolutionLoops::can_do(dilated));
  ConvolutionShape grouped = shape;
  grouped.groups = 2;
  CHECK_FALSE(ConvolutionLoops::can_do(grouped));
  ConvolutionShape wide = shape;
  wide.channels = 256;
  wide.filters = 256;
  CHECK_FALSE(ConvolutionLoops::can_do(wide));
}
