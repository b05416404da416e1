// SPDX-License-Identifier: MIT
// Gradients of the scale are summed for parts of the rows, which depend on the shape alone.
#include "compute/row_scaler.hpp"

#include <algorithm>

#include "compute/kernels/kernels.hpp"
#include "compute/kernels/layers.hpp"
#include "compute/parallel.hpp"

namespace kairos::host {

namespace {
constexpr std::int64_t most_row_parts = 16;
}  // namespace

void RowScaler::reserve(std::int64_t rows) {
  inverse_.reserve(rows);
  scale_gradients_.reserve(most_row_parts * width_);
}

void RowScaler::forward(std::int64_t rows, const float* x, const float* scale, float* y) {
  const ScaledRow shape{width_, scale, share_};
  rows_in_parallel(rows, width_, least_values, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      inverse_.data()[row] =
          layer_kernels().scale_row(shape, epsilon_, most_, x + row * width_, y + row * width_);
  });
}

void RowScaler::backward(std::int64_t rows, const float* x, const float* scale, const float* y_gradient,
                         float* scale_gradient, float* x_gradient) {
  const std::int64_t parts =
      std::clamp<std::int64_t>(std::min(rows, rows * width_ / least_values), 1, most_row_parts);
  each_in_parallel(parts, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t part = begin; part < end; ++part) {
      float* const sum = scale_gradient == nullptr ? nullptr : scale_gradients_.data() + part * width_;
      if (sum != nullptr) std::fill_n(sum, width_, 0.0F);
      for (std::int64_t row = part * rows / parts; row < (part + 1) * rows / parts; ++row) {
        const float inverse = inverse_.data()[row];
        const std::int64_t at = row * width_;
        layer_kernels().scale_row_gradient({width_, scale, inverse < most_ ? share_ : 0.0F}, inverse, x + at,
                                           y_gradient + at, sum,
                                           x_gradient == nullptr ? nullptr : x_gradient + at);
      }
    }
  });
  if (scale_gradient != nullptr)
    kernels().sum_parts(width_, parts, scale_gradients_.data(), width_, nullptr, scale_gradient);
}

}  // namespace kairos::host
