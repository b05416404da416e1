// SPDX-License-Identifier: MIT
// Chooses between our own loops and oneDNN for a dense layer's products.
#include "compute/dense.hpp"

#include <algorithm>

#include "compute/dense_primitive.hpp"
#include "compute/kernels/kernels.hpp"

namespace kairos::host {

namespace {

/// Up to these the loops win: starting a primitive costs some microseconds, and a product of which all
/// factors stay in the nearer caches needs none of a primitive's blocking.
constexpr std::int64_t plain_products = std::int64_t{1} << 20;
constexpr std::int64_t plain_kernel = std::int64_t{1} << 15;

}  // namespace

DenseKernel::DenseKernel(ComputeEngine& engine, std::int64_t inputs, std::int64_t units, DensePath path)
    : engine_(engine), inputs_(inputs), units_(units), path_(path) {}

DenseKernel::~DenseKernel() = default;

bool DenseKernel::plain(std::int64_t rows) const {
  return path_ == DensePath::Plain || (path_ == DensePath::Auto && inputs_ * units_ <= plain_kernel &&
                                       rows * inputs_ * units_ <= plain_products);
}

float* DenseKernel::scratch(std::int64_t rows) {
  const std::int64_t depth = std::max({rows, inputs_, units_});
  scratch_.reserve(kernels().multiply_scratch(depth) + inputs_ * units_);
  return scratch_.data();
}

DensePrimitives& DenseKernel::primitives(std::int64_t rows) {
  std::unique_ptr<DensePrimitives>& entry = by_rows_[rows];
  if (!entry) entry = std::make_unique<DensePrimitives>(engine_, rows, inputs_, units_);
  return *entry;
}

void DenseKernel::forward(std::int64_t rows, const float* x, const float* kernel, const float* bias,
                          float* y) {
  if (!plain(rows)) return primitives(rows).forward(x, kernel, bias, y);
  kernels().multiply({rows, units_, inputs_, {x, inputs_, 1}, kernel, y, bias}, scratch(rows));
}

void DenseKernel::backward_data(std::int64_t rows, const float* y_gradient, const float* kernel,
                                float* x_gradient) {
  if (!plain(rows)) return primitives(rows).backward_data(y_gradient, kernel, x_gradient);
  float* const transposed = scratch(rows);
  kernels().transpose(inputs_, units_, kernel, transposed);
  kernels().multiply({rows, inputs_, units_, {y_gradient, units_, 1}, transposed, x_gradient},
                     transposed + inputs_ * units_);
}

void DenseKernel::backward_weights(std::int64_t rows, const float* x, const float* y_gradient,
                                   float* kernel_gradient, float* bias_gradient) {
  if (!plain(rows)) return primitives(rows).backward_weights(x, y_gradient, kernel_gradient, bias_gradient);
  if (units_ == 1)  // turned over: vectors run along the inputs then
    kernels().multiply({1, inputs_, rows, {y_gradient, 0, 1}, x, kernel_gradient}, scratch(rows));
  else
    kernels().multiply({inputs_, units_, rows, {x, 1, inputs_}, y_gradient, kernel_gradient}, scratch(rows));
  if (bias_gradient != nullptr) kernels().sum_rows(rows, units_, y_gradient, bias_gradient);
}

}  // namespace kairos::host
