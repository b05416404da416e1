// SPDX-License-Identifier: MIT
// Chooses between loops and oneDNN for a dense layer's products, and holds the loops.
#include "compute/dense.hpp"

#include <algorithm>

#include "compute/dense_primitive.hpp"

namespace kairos::host {

namespace {

/// Up to this many multiply-adds the loops win: starting a primitive costs some microseconds.
constexpr std::int64_t plain_limit = 16384;

/// a += factor * b
inline void add_scaled(std::int64_t n, float factor, const float* b, float* a) {
  for (std::int64_t i = 0; i < n; ++i) a[i] += factor * b[i];
}

/// Four partial sums, in a fixed order: the compiler may then use vectors without changing the result.
inline float dot(std::int64_t n, const float* a, const float* b) {
  float sum[4] = {0, 0, 0, 0};
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (std::int64_t k = 0; k < 4; ++k) sum[k] += a[i + k] * b[i + k];
  float tail = 0;
  for (; i < n; ++i) tail += a[i] * b[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]) + tail;
}

}  // namespace

DenseKernel::DenseKernel(ComputeEngine& engine, std::int64_t inputs, std::int64_t units, DensePath path)
    : engine_(engine), inputs_(inputs), units_(units), path_(path) {}

DenseKernel::~DenseKernel() = default;

bool DenseKernel::plain(std::int64_t rows) const {
  return path_ == DensePath::Plain || (path_ == DensePath::Auto && rows * inputs_ * units_ <= plain_limit);
}

DensePrimitives& DenseKernel::primitives(std::int64_t rows) {
  std::unique_ptr<DensePrimitives>& entry = by_rows_[rows];
  if (!entry) entry = std::make_unique<DensePrimitives>(engine_, rows, inputs_, units_);
  return *entry;
}

void DenseKernel::forward(std::int64_t rows, const float* x, const float* kernel, const float* bias,
                          float* y) {
  if (!plain(rows)) return primitives(rows).forward(x, kernel, bias, y);
  for (std::int64_t row = 0; row < rows; ++row, x += inputs_, y += units_) {
    if (bias != nullptr)
      std::copy_n(bias, units_, y);
    else
      std::fill_n(y, units_, 0.0F);
    for (std::int64_t i = 0; i < inputs_; ++i) add_scaled(units_, x[i], kernel + i * units_, y);
  }
}

void DenseKernel::backward_data(std::int64_t rows, const float* y_gradient, const float* kernel,
                                float* x_gradient) {
  if (!plain(rows)) return primitives(rows).backward_data(y_gradient, kernel, x_gradient);
  for (std::int64_t row = 0; row < rows; ++row, x_gradient += inputs_, y_gradient += units_)
    for (std::int64_t i = 0; i < inputs_; ++i) x_gradient[i] = dot(units_, y_gradient, kernel + i * units_);
}

void DenseKernel::backward_weights(std::int64_t rows, const float* x, const float* y_gradient,
                                   float* kernel_gradient, float* bias_gradient) {
  if (!plain(rows)) return primitives(rows).backward_weights(x, y_gradient, kernel_gradient, bias_gradient);
  std::fill_n(kernel_gradient, inputs_ * units_, 0.0F);
  if (bias_gradient != nullptr) std::fill_n(bias_gradient, units_, 0.0F);
  for (std::int64_t row = 0; row < rows; ++row, x += inputs_, y_gradient += units_) {
    for (std::int64_t i = 0; i < inputs_; ++i)
      add_scaled(units_, x[i], y_gradient, kernel_gradient + i * units_);
    if (bias_gradient != nullptr) add_scaled(units_, 1.0F, y_gradient, bias_gradient);
  }
}

}  // namespace kairos::host
