// SPDX-License-Identifier: MIT
// The definition of a convolution, and arrays for tests.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "compute/convolution.hpp"
#include "host/compute/normal_values.hpp"

namespace kairos::tests {

using Values = std::vector<float>;

struct ConvolutionCase {
  const char* what;
  host::Window window;
  std::int64_t channels, filters;

  [[nodiscard]] host::ConvolutionShape shape() const { return {window, channels, filters, 1}; }
};

/// Visits all products of the definition with their indices into x, kernel and y.
template <typename Visit>
void each_product(const ConvolutionCase& c, std::int64_t batch, Visit&& visit) {
  const host::Window& w = c.window;
  for (std::int64_t n = 0; n < batch; ++n)
    for (std::int64_t row = 0; row < w.output[0]; ++row)
      for (std::int64_t column = 0; column < w.output[1]; ++column)
        for (std::int64_t i = 0; i < w.size[0]; ++i)
          for (std::int64_t j = 0; j < w.size[1]; ++j) {
            const std::int64_t a = row * w.stride[0] + i * w.dilation[0] - w.before[0];
            const std::int64_t b = column * w.stride[1] + j * w.dilation[1] - w.before[1];
            if (a < 0 || a >= w.input[0] || b < 0 || b >= w.input[1]) continue;
            for (std::int64_t k = 0; k < c.channels; ++k)
              for (std::int64_t f = 0; f < c.filters; ++f)
                visit(static_cast<std::size_t>(((n * w.input[0] + a) * w.input[1] + b) * c.channels + k),
                      static_cast<std::size_t>(((i * w.size[1] + j) * c.channels + k) * c.filters + f),
                      static_cast<std::size_t>(((n * w.output[0] + row) * w.output[1] + column) * c.filters +
                                               f));
          }
}

/// A convolution and its arrays.
template <class Convolution>
struct ConvolutionRig {
  ConvolutionRig(const ConvolutionCase& c, std::int64_t n)
      : batch(n),
        convolution(c.shape()),
        x(normal_values(n * c.window.input[0] * c.window.input[1] * c.channels, 1)),
        kernel(normal_values(c.window.size[0] * c.window.size[1] * c.channels * c.filters, 2)),
        bias(normal_values(c.filters, 3)),
        y_gradient(normal_values(n * c.window.output[0] * c.window.output[1] * c.filters, 4)) {}

  Values forward() {
    Values y(y_gradient.size());
    convolution.forward(batch, x.data(), kernel.data(), bias.data(), y.data());
    return y;
  }
  Values backward_data() {
    Values gradient(x.size());
    convolution.backward_data(batch, y_gradient.data(), kernel.data(), gradient.data());
    return gradient;
  }
  Values backward_weights(Values& bias_gradient) {
    Values gradient(kernel.size());
    bias_gradient.assign(bias.size(), 0.0F);
    convolution.backward_weights(batch, x.data(), y_gradient.data(), gradient.data(), bias_gradient.data());
    return gradient;
  }

  std::int64_t batch;
  Convolution convolution;
  Values x, kernel, bias, y_gradient;
};

inline void check_close(const Values& found, const std::vector<double>& expected, double margin) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("element " << i);
    REQUIRE(static_cast<double>(found[i]) == Approx(expected[i]).epsilon(1e-5).margin(margin));
  }
}

/// Compares the result and the gradients with the definition, to 1e-5 relative or `margin` absolute.
template <class Convolution>
void check_definition(const ConvolutionCase& c, std::int64_t batch, bool with_data, double margin) {
  INFO(c.what);
  ConvolutionRig<Convolution> rig(c, batch);
  std::vector<double> y(rig.y_gradient.size()), x_gradient(rig.x.size()), kernel_gradient(rig.kernel.size()),
      bias_gradient(rig.bias.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    y[i] = static_cast<double>(rig.bias[i % rig.bias.size()]);
    bias_gradient[i % rig.bias.size()] += static_cast<double>(rig.y_gradient[i]);
  }
  each_product(c, rig.batch, [&](std::size_t from, std::size_t by, std::size_t to) {
    y[to] += static_cast<double>(rig.x[from]) * static_cast<double>(rig.kernel[by]);
    x_gradient[from] += static_cast<double>(rig.kernel[by]) * static_cast<double>(rig.y_gradient[to]);
    kernel_gradient[by] += static_cast<double>(rig.x[from]) * static_cast<double>(rig.y_gradient[to]);
  });
  check_close(rig.forward(), y, margin);
  if (with_data) check_close(rig.backward_data(), x_gradient, margin);
  Values found_bias;
  check_close(rig.backward_weights(found_bias), kernel_gradient, margin);
  check_close(found_bias, bias_gradient, margin);
}

/// `with_threads(n, work)` runs `work` with n threads.
template <class Convolution, typename WithThreads>
void check_same_bits(const ConvolutionCase& c, std::int64_t batch, const WithThreads& with_threads) {
  ConvolutionRig<Convolution> rig(c, batch);
  std::vector<Values> first;
  for (const int threads : {1, 2, 3})
    with_threads(threads, [&] {
      Values bias;
      std::vector<Values> now{rig.forward(), rig.backward_data(), rig.backward_weights(bias)};
      now.push_back(bias);
      if (first.empty()) first = now;
      CHECK(now == first);
    });
}

}  // namespace kairos::tests
