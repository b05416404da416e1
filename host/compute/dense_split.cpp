// SPDX-License-Identifier: MIT
// Each thread multiplies by itself with oneDNN's gemm; what they made is joined by rows.
#include "compute/dense_split.hpp"

#include <algorithm>
#include <atomic>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"
#include "compute/run_primitive.hpp"

namespace kairos::host {

namespace {

/// Row-major, `step` floats from a row to the next; 'T' where it is the factor turned over.
struct Factor {
  char turned;
  const float* data;
  std::int64_t step;
};

/// c [rows, columns] = a · b on the calling thread alone: within a parallel region oneDNN opens none. The
/// status is returned because a region can throw nothing.
dnnl_status_t multiply(std::int64_t rows, std::int64_t columns, std::int64_t depth, Factor a, Factor b,
                       float* c, std::int64_t c_step) {
  return dnnl_sgemm(a.turned, b.turned, rows, columns, depth, 1, a.data, a.step, b.data, b.step, 0, c,
                    c_step);
}

}  // namespace

DenseSplit::DenseSplit(std::int64_t inputs, std::int64_t units) : inputs_(inputs), units_(units) {}

bool DenseSplit::pays(std::int64_t threads, std::int64_t rows, std::int64_t inputs, std::int64_t units) {
  constexpr std::int64_t least_inputs = 128, least_units = 64;
  return threads > 1 && inputs / threads >= least_inputs && units >= least_units && rows <= inputs;
}

/// How many inputs a thread has; the last may have fewer, or some threads none.
std::int64_t DenseSplit::share() const {
  const std::int64_t threads = parallel_threads();
  return (inputs_ + threads - 1) / threads;
}

/// Calls `work(part)` for all parts, of which each thread gets one, and returns how many there are.
template <typename Work>
std::int64_t DenseSplit::each_part(Work&& work) {
  const std::int64_t share = this->share(), parts = (inputs_ + share - 1) / share;
  std::atomic<dnnl_status_t> failed{dnnl_success};
  each_in_parallel(parts, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t index = begin; index < end; ++index) {
      const std::int64_t first = index * share;
      const dnnl_status_t status = work(Part{index, first, std::min(inputs_ - first, share)});
      if (status != dnnl_success) failed = status;
    }
  });
  check_product(failed, "dense layer");
  return parts;
}

void DenseSplit::forward(std::int64_t rows, const float* x, const float* kernel, const float* bias,
                         float* y) {
  const std::int64_t size = rows * units_;
  partial_.reserve(parallel_threads() * size);
  const std::int64_t parts = each_part([&](Part part) {
    return multiply(rows, units_, part.inputs, {'N', x + part.first, inputs_},
                    {'N', kernel + part.first * units_, units_}, partial_.data() + part.index * size, units_);
  });
  each_in_parallel(rows, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t row = begin; row < end; ++row)
      kernels().sum_parts(units_, parts, partial_.data() + row * units_, size, bias, y + row * units_);
  });
}

void DenseSplit::backward_data(std::int64_t rows, const float* y_gradient, const float* kernel,
                               float* x_gradient) {
  partial_.reserve(rows * inputs_);
  // A part's columns side by side: a line of x_gradient between two parts would be written by both.
  each_part([&](Part part) {
    return multiply(rows, part.inputs, units_, {'N', y_gradient, units_},
                    {'T', kernel + part.first * units_, units_}, partial_.data() + rows * part.first,
                    part.inputs);
  });
  const std::int64_t share = this->share();
  each_in_parallel(rows, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t first = 0; first < inputs_; first += share) {
      const std::int64_t columns = std::min(inputs_ - first, share);
      for (std::int64_t row = begin; row < end; ++row)
        std::copy_n(partial_.data() + rows * first + row * columns, columns,
                    x_gradient + row * inputs_ + first);
    }
  });
}

void DenseSplit::backward_weights(std::int64_t rows, const float* x, const float* y_gradient,
                                  float* kernel_gradient, float* bias_gradient) {
  each_part([&](Part part) {
    return multiply(part.inputs, units_, rows, {'T', x + part.first, inputs_}, {'N', y_gradient, units_},
                    kernel_gradient + part.first * units_, units_);
  });
  if (bias_gradient != nullptr) kernels().sum_rows(rows, units_, y_gradient, bias_gradient);
}

}  // namespace kairos::host
