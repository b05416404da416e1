// SPDX-License-Identifier: MIT
// Plain loops whose inner loop runs over contiguous values, so that the compiler vectorizes it.
#include "compute/normalization.hpp"

#include <algorithm>
#include <cmath>

namespace kairos::host {

ColumnNormalizer::ColumnNormalizer(std::int64_t width, float epsilon)
    : width_(width),
      epsilon_(epsilon),
      sum_(static_cast<std::size_t>(width)),
      other_sum_(static_cast<std::size_t>(width)) {
  for (FloatBuffer* buffer : {&mean_, &variance_, &inverse_deviation_, &factor_, &shift_})
    buffer->reserve(width);
}

void ColumnNormalizer::invert_deviation() {
  for (std::int64_t i = 0; i < width_; ++i)
    inverse_deviation_.data()[i] = 1 / std::sqrt(variance_.data()[i] + epsilon_);
}

void ColumnNormalizer::measure(std::int64_t rows, const float* x, const RowMask& mask) {
  measured_ = true;
  mask_ = mask;
  counted_ = 0;
  for (std::int64_t row = 0; row < rows; ++row) counted_ += mask.counts(row) ? 1 : 0;
  const double n = std::max(counted_, 1.0);
  double* const sum = sum_.data();
  std::fill(sum_.begin(), sum_.end(), 0.0);
  for (std::int64_t row = 0; row < rows; ++row) {
    if (!mask.counts(row)) continue;
    for (std::int64_t i = 0; i < width_; ++i) sum[i] += static_cast<double>(x[row * width_ + i]);
  }
  float* const mean = mean_.data();
  for (std::int64_t i = 0; i < width_; ++i) mean[i] = static_cast<float>(sum[i] / n);
  std::fill(sum_.begin(), sum_.end(), 0.0);
  for (std::int64_t row = 0; row < rows; ++row) {
    if (!mask.counts(row)) continue;
    for (std::int64_t i = 0; i < width_; ++i) {
      const float difference = x[row * width_ + i] - mean[i];
      sum[i] += static_cast<double>(difference * difference);
    }
  }
  for (std::int64_t i = 0; i < width_; ++i) variance_.data()[i] = static_cast<float>(sum[i] / n);
  invert_deviation();
}

void ColumnNormalizer::use(const float* mean, const float* variance) {
  measured_ = false;
  std::copy_n(mean, width_, mean_.data());
  std::copy_n(variance, width_, variance_.data());
  invert_deviation();
}

void ColumnNormalizer::forward(std::int64_t rows, const float* x, const NormalizationWeights& weights,
                               float* y) {
  float* const factor = factor_.data();
  float* const shift = shift_.data();
  const float* const mean = mean_.data();
  for (std::int64_t i = 0; i < width_; ++i) {
    factor[i] = inverse_deviation_.data()[i] * (weights.scale == nullptr ? 1.0F : weights.scale[i]);
    shift[i] = weights.offset == nullptr ? 0.0F : weights.offset[i];
  }
  for (std::int64_t row = 0; row < rows; ++row, x += width_, y += width_)
    for (std::int64_t i = 0; i < width_; ++i) y[i] = (x[i] - mean[i]) * factor[i] + shift[i];
}

void ColumnNormalizer::backward(std::int64_t rows, const float* x, const NormalizationWeights& weights,
                                const float* y_gradient, const NormalizationGradients& gradients) {
  const float* const mean = mean_.data();
  const float* const inverse = inverse_deviation_.data();
  double* const sum = sum_.data();             // gradient
  double* const weighted = other_sum_.data();  // gradient · normalized value
  std::fill(sum_.begin(), sum_.end(), 0.0);
  std::fill(other_sum_.begin(), other_sum_.end(), 0.0);
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t i = 0; i < width_; ++i) {
      const float g = y_gradient[row * width_ + i];
      sum[i] += static_cast<double>(g);
      weighted[i] += static_cast<double>(g * ((x[row * width_ + i] - mean[i]) * inverse[i]));
    }
  for (std::int64_t i = 0; i < width_; ++i) {
    if (gradients.scale != nullptr) gradients.scale[i] = static_cast<float>(weighted[i]);
    if (gradients.offset != nullptr) gradients.offset[i] = static_cast<float>(sum[i]);
  }
  if (gradients.input == nullptr) return;
  // Each value's share in mean and variance; 0 if these were given.
  const double share = measured_ && counted_ > 0 ? 1 / counted_ : 0.0;
  float* const factor = factor_.data();
  float* const shift = shift_.data();
  for (std::int64_t i = 0; i < width_; ++i) {
    shift[i] = static_cast<float>(sum[i] * share);
    factor[i] = static_cast<float>(weighted[i] * share) * inverse[i];
  }
  float* out = gradients.input;
  for (std::int64_t row = 0; row < rows; ++row, x += width_, y_gradient += width_, out += width_) {
    const float measured = measured_ && !mask_.counts(row) ? 0.0F : 1.0F;
    for (std::int64_t i = 0; i < width_; ++i) {
      const float own = weights.scale == nullptr ? inverse[i] : inverse[i] * weights.scale[i];
      out[i] = own * (y_gradient[i] - measured * (shift[i] + (x[i] - mean[i]) * factor[i]));
    }
  }
}

void normalize_rows(std::int64_t rows, std::int64_t width, float epsilon, const float* x,
                    const NormalizationWeights& weights, float* mean, float* inverse_deviation, float* y) {
  const double n = static_cast<double>(width);
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width) {
    double sum = 0;
    for (std::int64_t i = 0; i < width; ++i) sum += static_cast<double>(x[i]);
    const auto m = static_cast<float>(sum / n);
    double squares = 0;
    for (std::int64_t i = 0; i < width; ++i) squares += static_cast<double>((x[i] - m) * (x[i] - m));
    const float inverse = 1 / std::sqrt(static_cast<float>(squares / n) + epsilon);
    mean[row] = m;
    inverse_deviation[row] = inverse;
    for (std::int64_t i = 0; i < width; ++i) {
      const float scale = weights.scale == nullptr ? 1.0F : weights.scale[i];
      const float offset = weights.offset == nullptr ? 0.0F : weights.offset[i];
      y[i] = (x[i] - m) * inverse * scale + offset;
    }
  }
}

void normalize_rows_backward(std::int64_t rows, std::int64_t width, const float* x, const float* mean,
                             const float* inverse_deviation, const NormalizationWeights& weights,
                             const float* y_gradient, const NormalizationGradients& gradients) {
  for (float* sum : {gradients.scale, gradients.offset})
    if (sum != nullptr) std::fill_n(sum, width, 0.0F);
  const double n = static_cast<double>(width);
  for (std::int64_t row = 0; row < rows; ++row, x += width, y_gradient += width) {
    const float m = mean[row];
    const float inverse = inverse_deviation[row];
    double sum = 0;
    double weighted = 0;
    for (std::int64_t i = 0; i < width; ++i) {
      const float normalized = (x[i] - m) * inverse;
      if (gradients.scale != nullptr) gradients.scale[i] += y_gradient[i] * normalized;
      if (gradients.offset != nullptr) gradients.offset[i] += y_gradient[i];
      const float g = y_gradient[i] * (weights.scale == nullptr ? 1.0F : weights.scale[i]);
      sum += static_cast<double>(g);
      weighted += static_cast<double>(g * normalized);
    }
    if (gradients.input == nullptr) continue;
    const auto mean_gradient = static_cast<float>(sum / n);
    const auto mean_weighted = static_cast<float>(weighted / n);
    float* const out = gradients.input + row * width;
    for (std::int64_t i = 0; i < width; ++i) {
      const float g = y_gradient[i] * (weights.scale == nullptr ? 1.0F : weights.scale[i]);
      out[i] = inverse * (g - mean_gradient - (x[i] - m) * inverse * mean_weighted);
    }
  }
}

}  // namespace kairos::host
