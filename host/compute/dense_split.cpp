// SPDX-License-Identifier: MIT
// Each thread multiplies by itself with oneDNN's gemm.
#include "compute/dense_split.hpp"

#include "compute/kernel_parts.hpp"
#include "compute/kernels/kernels.hpp"
#include "compute/run_primitive.hpp"

namespace kairos::host {

namespace {

constexpr const char* noun = "dense layer";

/// Row-major, `step` floats from a row to the next; 'T' where it is the factor turned over.
struct Factor {
  char turned;
  const float* data;
  std::int64_t step;
};

/// c [rows, columns] = a · b on the calling thread alone: within a parallel region oneDNN opens none. The
/// status is returned because a region can throw nothing.
dnnl_status_t multiply(std::int64_t rows, std::int64_t columns, std::int64_t depth, Factor a, Factor b,
                       float* c) {
  return dnnl_sgemm(a.turned, b.turned, rows, columns, depth, 1, a.data, a.step, b.data, b.step, 0, c,
                    columns);
}

}  // namespace

DenseSplit::DenseSplit(std::int64_t inputs, std::int64_t units) : inputs_(inputs), units_(units) {}

void DenseSplit::forward(std::int64_t rows, const float* x, const float* kernel, const float* bias,
                         float* y) {
  const KernelParts parts(inputs_, parallel_threads());
  products_.reserve(parts.count() * rows * units_);
  const dnnl_status_t status = parts.each([&](KernelParts::Part part) {
    return multiply(rows, units_, part.inputs, {'N', x + part.first, inputs_},
                    {'N', kernel + part.first * units_, units_},
                    products_.data() + part.index * rows * units_);
  });
  check_product(status, noun);
  parts.join_sums(rows, units_, products_.data(), bias, y);
}

void DenseSplit::backward_data(std::int64_t rows, const float* y_gradient, const float* kernel,
                               float* x_gradient) {
  const KernelParts parts(inputs_, parallel_threads());
  products_.reserve(rows * inputs_);
  const dnnl_status_t status = parts.each([&](KernelParts::Part part) {
    return multiply(rows, part.inputs, units_, {'N', y_gradient, units_},
                    {'T', kernel + part.first * units_, units_}, products_.data() + rows * part.first);
  });
  check_product(status, noun);
  parts.join_columns(rows, products_.data(), x_gradient);
}

void DenseSplit::backward_weights(std::int64_t rows, const float* x, const float* y_gradient,
                                  float* kernel_gradient, float* bias_gradient) {
  const KernelParts parts(inputs_, parallel_threads());
  const dnnl_status_t status = parts.each([&](KernelParts::Part part) {
    return multiply(part.inputs, units_, rows, {'T', x + part.first, inputs_}, {'N', y_gradient, units_},
                    kernel_gradient + part.first * units_);
  });
  check_product(status, noun);
  if (bias_gradient != nullptr) kernels().sum_rows(rows, units_, y_gradient, bias_gradient);
}

}  // namespace kairos::host
