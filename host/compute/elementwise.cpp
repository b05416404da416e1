// SPDX-License-Identifier: MIT
// Calls the kernels for parts of the values.
#include "compute/elementwise.hpp"

#include "compute/parallel.hpp"

namespace kairos::host {

namespace {

const FunctionKernels& kernels_of(Function function) {
  return function_kernels().functions[static_cast<std::size_t>(function)];
}

const TermKernels& kernels_of(Term term) {
  return term_kernels().terms[static_cast<std::size_t>(term)];
}

}  // namespace

void PointwiseFunction::value(std::int64_t n, const float* x, float* y) const {
  in_parallel(n, least_values, [=, this](std::int64_t begin, std::int64_t end) {
    kernels_of(function).value(end - begin, arguments.data(), x + begin, y + begin);
  });
}

void PointwiseFunction::gradient(std::int64_t n, const float* kept, const float* y_gradient,
                                 float* x_gradient) const {
  in_parallel(n, least_values, [=, this](std::int64_t begin, std::int64_t end) {
    kernels_of(function).gradient(end - begin, arguments.data(), kept + begin, y_gradient + begin,
                                  x_gradient + begin);
  });
}

void RowLoss::values(std::int64_t rows, std::int64_t features, float divisor, const float* target,
                     const float* output, float* each) const {
  rows_in_parallel(rows, features, least_values, [=, this](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * features;
    kernels_of(term).values({end - begin, features, arguments.data(), target + first, output + first},
                            divisor, each + begin);
  });
}

void RowLoss::gradient(std::int64_t rows, std::int64_t features, float divisor, const float* target,
                       const float* output, const float* scale, float* gradient) const {
  rows_in_parallel(rows, features, least_values, [=, this](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * features;
    kernels_of(term).gradient({end - begin, features, arguments.data(), target + first, output + first},
                              divisor, scale + begin, gradient + first);
  });
}

}  // namespace kairos::host
