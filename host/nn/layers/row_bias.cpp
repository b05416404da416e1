// SPDX-License-Identifier: MIT
// Adds a bias to rows, and sums gradients over parts of the rows, which depend on the shape alone.
#include "nn/layers/row_bias.hpp"

#include <algorithm>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"
#include "compute/vector.hpp"

namespace kairos::host {

namespace {
constexpr std::int64_t most_bias_parts = 64;

std::int64_t bias_parts(std::int64_t rows, std::int64_t width) {
  return std::clamp<std::int64_t>(std::min(rows, rows * width / least_values), 1, most_bias_parts);
}
}  // namespace

void RowBias::place(const Shape& bias, const Shape& sample) {
  row_.place(bias, sample);
  rows_per_sample_ = size_of(sample) / row_.width();
}

void RowBias::reserve(std::int64_t batch) {
  values_.reserve(row_.width());
  sums_.reserve(bias_parts(batch * rows_per_sample_, row_.width()) * row_.width());
}

void RowBias::add(std::int64_t batch, const float* bias, float* y) {
  row_.repeat(bias, values_.data());
  const std::int64_t width = row_.width();
  rows_in_parallel(batch * rows_per_sample_, width, least_values, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin * width; at < end * width; at += width)
      add_to(width, values_.data(), y + at);
  });
}

void RowBias::gradient(std::int64_t batch, const float* y_gradient, float* bias_gradient) {
  const std::int64_t width = row_.width(), rows = batch * rows_per_sample_;
  const std::int64_t parts = bias_parts(rows, width);
  each_in_parallel(parts, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t part = begin; part < end; ++part) {
      const std::int64_t first = part * rows / parts;
      kernels().sum_rows((part + 1) * rows / parts - first, width, y_gradient + first * width,
                         sums_.data() + part * width);
    }
  });
  kernels().sum_parts(width, parts, sums_.data(), width, nullptr, values_.data());
  row_.sum(values_.data(), bias_gradient);
}

}  // namespace kairos::host
