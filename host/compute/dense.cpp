// SPDX-License-Identifier: MIT
// Chooses between our loops and oneDNN for the products of a dense layer.
#include "compute/dense.hpp"

#include <algorithm>

#include "compute/dense_bf16.hpp"
#include "compute/dense_primitive.hpp"
#include "compute/kernel_parts.hpp"
#include "compute/kernels/kernels.hpp"
#include "compute/matrix_product.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

/// Up to these limits the loops are faster: starting a primitive costs some microseconds, and a product whose
/// factors all fit into the L1 and L2 caches does not need blocking.
constexpr std::int64_t plain_products = std::int64_t{1} << 20;
constexpr std::int64_t plain_kernel = std::int64_t{1} << 15;

}  // namespace

DenseKernel::DenseKernel(ComputeEngine& engine, std::int64_t inputs, std::int64_t units, DensePath path)
    : engine_(engine),
      inputs_(inputs),
      units_(units),
      path_(path),
      bf16_(path == DensePath::Bf16 ? std::make_unique<DenseBf16>(engine, inputs, units) : nullptr),
      split_(inputs, units) {}

DenseKernel::~DenseKernel() = default;

DensePath DenseKernel::path(std::int64_t rows) const {
  if (rows == 0) return DensePath::Plain;
  if (path_ != DensePath::Auto) return path_;
  if (inputs_ * units_ <= plain_kernel && rows * inputs_ * units_ <= plain_products) return DensePath::Plain;
  if (KernelParts::is_worthwhile(threads_for(rows * inputs_ * units_), rows, inputs_, units_))
    return DensePath::Split;
  return blocked_is_fastest() ? DensePath::Blocked : DensePath::Primitive;
}

float* DenseKernel::scratch(std::int64_t rows) {
  const std::int64_t largest_k = std::max({rows, inputs_, units_});
  scratch_.reserve(kernels().multiply_scratch(largest_k) + inputs_ * units_);
  return scratch_.data();
}

DensePrimitives& DenseKernel::primitives(std::int64_t rows) {
  std::unique_ptr<DensePrimitives>& entry = by_rows_[rows];
  if (!entry) entry = std::make_unique<DensePrimitives>(engine_, rows, inputs_, units_);
  return *entry;
}

void DenseKernel::forward(std::int64_t rows, const float* x, const float* kernel, const float* bias,
                          float* y) {
  switch (path(rows)) {
    case DensePath::Bf16:
      return bf16_->forward(rows, x, kernel, bias, y);
    case DensePath::Primitive:
      return primitives(rows).forward(x, kernel, bias, y);
    case DensePath::Split:
      return split_.forward(rows, x, kernel, bias, y);
    case DensePath::Blocked:
      return multiply_blocked({rows, units_, inputs_, {x, inputs_, 1}, {kernel, units_, 1}, y, bias},
                              scratch_);
    default:
      kernels().multiply({rows, units_, inputs_, {x, inputs_, 1}, kernel, y, bias}, scratch(rows));
  }
}

void DenseKernel::backward_data(std::int64_t rows, const float* y_gradient, const float* kernel,
                                float* x_gradient) {
  const MatrixView gradient{y_gradient, units_, 1};
  switch (path(rows)) {
    case DensePath::Bf16:
      return bf16_->backward_data(rows, y_gradient, x_gradient);
    case DensePath::Primitive:
      return primitives(rows).backward_data(y_gradient, kernel, x_gradient);
    case DensePath::Split:
      return split_.backward_data(rows, y_gradient, kernel, x_gradient);
    case DensePath::Blocked:
      return multiply_blocked({rows, inputs_, units_, gradient, {kernel, 1, units_}, x_gradient}, scratch_);
    default: {
      float* const transposed = scratch(rows);
      kernels().transpose(inputs_, units_, kernel, units_, transposed, inputs_);
      kernels().multiply({rows, inputs_, units_, gradient, transposed, x_gradient},
                         transposed + inputs_ * units_);
    }
  }
}

void DenseKernel::backward_weights(std::int64_t rows, const float* x, const float* y_gradient,
                                   float* kernel_gradient, float* bias_gradient) {
  const MatrixView transposed_x{x, 1, inputs_};
  switch (path(rows)) {
    case DensePath::Bf16:
      return bf16_->backward_weights(rows, y_gradient, kernel_gradient, bias_gradient);
    case DensePath::Primitive:
      return primitives(rows).backward_weights(x, y_gradient, kernel_gradient, bias_gradient);
    case DensePath::Split:
      return split_.backward_weights(rows, x, y_gradient, kernel_gradient, bias_gradient);
    case DensePath::Blocked:
      multiply_blocked({inputs_, units_, rows, transposed_x, {y_gradient, units_, 1}, kernel_gradient},
                       scratch_);
      break;
    default:
      if (units_ == 1)  // transposed, so that vectors run along the inputs
        kernels().multiply({1, inputs_, rows, {y_gradient, 0, 1}, x, kernel_gradient}, scratch(rows));
      else
        kernels().multiply({inputs_, units_, rows, transposed_x, y_gradient, kernel_gradient}, scratch(rows));
  }
  if (bias_gradient != nullptr) kernels().sum_rows(rows, units_, y_gradient, bias_gradient);
}

}  // namespace kairos::host
