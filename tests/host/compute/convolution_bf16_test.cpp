// SPDX-License-Identifier: MIT
#include "compute/convolution_bf16.hpp"

#include <vector>

#include "host/compute/bf16.hpp"
#include "host/compute/convolution_cases.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

const std::vector<ConvolutionCase> cases{
    {"no margins", {{7, 6}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {5, 4}}, 2, 16},
    {"margins all around", {{7, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {7, 6}}, 33, 8},
    {"a margin behind only", {{5, 5}, {2, 2}, {1, 1}, {1, 1}, {0, 0}, {5, 5}}, 1, 5},
    {"a window that is not square", {{6, 9}, {1, 5}, {1, 1}, {1, 1}, {0, 2}, {6, 9}}, 4, 24},
    {"strides that leave a rest", {{8, 7}, {3, 2}, {2, 3}, {1, 1}, {0, 0}, {3, 2}}, 3, 9},
    {"strides and margins", {{7, 6}, {3, 3}, {2, 2}, {1, 1}, {1, 0}, {4, 3}}, 2, 8},
    {"dilation", {{9, 8}, {3, 2}, {1, 1}, {2, 3}, {0, 0}, {5, 5}}, 3, 4},
    {"one point", {{4, 4}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {4, 4}}, 5, 1},
};

/// A convolution in bf16 with its arrays and results.
struct Rig {
  Rig(const ConvolutionCase& c, std::int64_t n)
      : batch(n),
        shape(c.shape()),
        x(normal_values(n * c.window.input[0] * c.window.input[1] * c.channels, 1)),
        kernel(normal_values(c.window.size[0] * c.window.size[1] * c.channels * c.filters, 2)),
        bias(normal_values(c.filters, 3)),
        y_gradient(normal_values(n * c.window.output[0] * c.window.output[1] * c.filters, 4)),
        y(y_gradient.size()),
        // Previous contents must not affect the result.
        x_gradient(x.size(), 9),
        kernel_gradient(kernel.size(), 9),
        bias_gradient(bias.size(), 9) {}

  void run(ConvolutionKernel& product) {
    product.forward(batch, x.data(), kernel.data(), bias.data(), y.data());
    product.backward_data(batch, y_gradient.data(), kernel.data(), x_gradient.data());
    product.backward_weights(batch, x.data(), y_gradient.data(), kernel_gradient.data(),
                             bias_gradient.data());
  }

  std::int64_t batch;
  ConvolutionShape shape;
  std::vector<float> x, kernel, bias, y_gradient;
  std::vector<float> y, x_gradient, kernel_gradient, bias_gradient;
};

double product_of(float a, float b) {
  return static_cast<double>(rounded(a)) * static_cast<double>(rounded(b));
}

}  // namespace

TEST_CASE("A convolution in bf16 and its gradients are those of the rounded factors", "[host][compute]") {
  if (!multiplies_bf16()) return;
  for (const ConvolutionCase& c : cases) {
    INFO(c.what);
    Rig rig(c, 5);
    ComputeEngine engine;
    ConvolutionKernel product(engine, rig.shape, ConvolutionPath::Bf16);
    rig.run(product);
    std::vector<double> y(rig.y.size()), x_gradient(rig.x.size()), kernel_gradient(rig.kernel.size()),
        bias_gradient(rig.bias.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = static_cast<double>(rig.bias[i % rig.bias.size()]);
      bias_gradient[i % rig.bias.size()] += static_cast<double>(rig.y_gradient[i]);
    }
    each_product(c, rig.batch, [&](std::size_t at_x, std::size_t at_kernel, std::size_t at_y) {
      y[at_y] += product_of(rig.x[at_x], rig.kernel[at_kernel]);
      x_gradient[at_x] += product_of(rig.y_gradient[at_y], rig.kernel[at_kernel]);
      kernel_gradient[at_kernel] += product_of(rig.y_gradient[at_y], rig.x[at_x]);
    });
    check_close(rig.y, y, 2e-5);
    check_close(rig.x_gradient, x_gradient, 2e-5);
    check_close(rig.kernel_gradient, kernel_gradient, 2e-5);
    check_close(rig.bias_gradient, bias_gradient, 2e-5);
  }
}

TEST_CASE("A convolution in bf16 uses the current values of its inputs", "[host][compute]") {
  if (!multiplies_bf16()) return;
  const ConvolutionCase& c = cases[1];
  Rig fresh(c, 5), used(c, 5), other(c, 2), repeated(c, 5), none(c, 0);
  for (float& value : used.kernel) value += 1;
  for (float& value : used.y_gradient) value += 1;
  ComputeEngine engine;
  ConvolutionKernel one(engine, fresh.shape, ConvolutionPath::Bf16);
  ConvolutionKernel again(engine, fresh.shape, ConvolutionPath::Bf16);
  fresh.run(one);
  used.run(again);
  other.run(again);
  none.run(again);
  CHECK(none.kernel_gradient == std::vector<float>(none.kernel.size(), 0.0F));
  repeated.run(again);
  CHECK(repeated.y == fresh.y);
  CHECK(repeated.x_gradient == fresh.x_gradient);
  CHECK(repeated.kernel_gradient == fresh.kernel_gradient);
  CHECK(repeated.bias_gradient == fresh.bias_gradient);
}

TEST_CASE("A grouped convolution stays in float32", "[host][compute]") {
  ConvolutionShape shape{{{7, 6}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {5, 4}}, 4, 8, 1};
  CHECK(ConvolutionBf16::supports(shape));
  shape.groups = 2;
  CHECK_FALSE(ConvolutionBf16::supports(shape));
}
