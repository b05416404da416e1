// SPDX-License-Identifier: MIT
// Functions of single values and losses of rows, on all threads. Results do not depend on the number of
// threads. The formulas are in kernels/elementwise.cpp and kernels/terms.cpp.
#pragma once

#include <array>
#include <cstdint>

#include "compute/kernels/elementwise.hpp"

namespace kairos::host {

/// A function with its arguments.
struct PointwiseFunction {
  Function function = Function::Identity;
  std::array<float, 3> arguments{};

  /// y may be x.
  void value(std::int64_t n, const float* x, float* y) const;
  /// x_gradient = y_gradient * slope. `kept` is the input or the output, whichever the function's slope is
  /// computed from. x_gradient may be y_gradient.
  void gradient(std::int64_t n, const float* kept, const float* y_gradient, float* x_gradient) const;
};

/// The loss of a row is the sum of a term over the row's values, divided by `divisor`.
struct RowLoss {
  Term term;
  std::array<float, 2> arguments{};

  /// each[row] = the loss of a row of `features` values.
  void values(std::int64_t rows, std::int64_t features, float divisor, const float* target,
              const float* output, float* each) const;
  /// gradient = scale[row] * d each[row] / d output. It may overwrite the output.
  void gradient(std::int64_t rows, std::int64_t features, float divisor, const float* target,
                const float* output, const float* scale, float* gradient) const;
};

}  // namespace kairos::host
