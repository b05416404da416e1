// SPDX-License-Identifier: MIT
// Joins the statistics of channels to those of their groups.
#include "compute/group_normalization.hpp"

#include <cmath>

#include "compute/kernels/layers.hpp"
#include "compute/kernels/normalizing.hpp"
#include "compute/parallel.hpp"

namespace kairos::host {

GroupNormalizer::GroupNormalizer(std::int64_t positions, std::int64_t channels, std::int64_t groups,
                                 float epsilon)
    : positions_(positions), channels_(channels), group_size_(channels / groups), epsilon_(epsilon) {}

void GroupNormalizer::reserve(std::int64_t batch) {
  columns_.reserve(batch * 5 * channels_);
  const auto n = static_cast<std::size_t>(batch * channels_);
  if (n <= sums_.size()) return;
  sums_.resize(n);
  weighted_.resize(n);
}

void GroupNormalizer::measure(std::int64_t sample, const float* x) {
  double* const means = sums_.data() + sample * channels_;
  double* const squares = weighted_.data() + sample * channels_;
  normalizing_kernels().moments(positions_, channels_, x, means, squares);
  const auto n = static_cast<double>(positions_);
  for (std::int64_t first = 0; first < channels_; first += group_size_) {
    double mean = 0, square = 0;
    for (std::int64_t c = first; c < first + group_size_; ++c) mean += means[c];
    mean /= static_cast<double>(group_size_);
    for (std::int64_t c = first; c < first + group_size_; ++c)
      square += squares[c] + n * (means[c] - mean) * (means[c] - mean);
    const double variance = square / (n * static_cast<double>(group_size_));
    for (std::int64_t c = first; c < first + group_size_; ++c) {
      column(sample, 0)[c] = static_cast<float>(mean);
      column(sample, 1)[c] = static_cast<float>(1 / std::sqrt(variance + static_cast<double>(epsilon_)));
    }
  }
}

void GroupNormalizer::forward(std::int64_t batch, const float* x, const NormalizationWeights& weights,
                              float* y) {
  const std::int64_t size = positions_ * channels_;
  rows_in_parallel(batch, size, least_values, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t sample = begin; sample < end; ++sample) {
      measure(sample, x + sample * size);
      float *const factor = column(sample, 2), *const shift = column(sample, 3);
      for (std::int64_t c = 0; c < channels_; ++c) {
        factor[c] = column(sample, 1)[c] * (weights.scale == nullptr ? 1.0F : weights.scale[c]);
        shift[c] = weights.offset == nullptr ? 0.0F : weights.offset[c];
      }
      normalizing_kernels().normalize(positions_, channels_, x + sample * size, column(sample, 0), factor,
                                      shift, y + sample * size);
    }
  });
}

void GroupNormalizer::backward_sample(std::int64_t sample, const float* x,
                                      const NormalizationWeights& weights, const float* y_gradient,
                                      float* x_gradient) {
  double* const sum = sums_.data() + sample * channels_;           // gradient
  double* const weighted = weighted_.data() + sample * channels_;  // gradient · normalized value
  const float *const mean = column(sample, 0), *const inverse = column(sample, 1);
  normalizing_kernels().gradient_sums(positions_, channels_, x, mean, inverse, y_gradient, sum, weighted);
  if (x_gradient == nullptr) return;
  float *const own = column(sample, 2), *const summand = column(sample, 3), *const factor = column(sample, 4);
  const auto n = static_cast<double>(positions_ * group_size_);
  const auto scale = [&](std::int64_t c) { return weights.scale == nullptr ? 1.0F : weights.scale[c]; };
  for (std::int64_t first = 0; first < channels_; first += group_size_) {
    double plain = 0, product = 0;
    for (std::int64_t c = first; c < first + group_size_; ++c) {
      plain += static_cast<double>(scale(c)) * sum[c];
      product += static_cast<double>(scale(c)) * weighted[c];
    }
    const auto unit = static_cast<double>(inverse[first]);
    for (std::int64_t c = first; c < first + group_size_; ++c) {
      own[c] = inverse[c] * scale(c);
      summand[c] = static_cast<float>(unit * plain / n);
      factor[c] = static_cast<float>(unit * unit * product / n);
    }
  }
  layer_kernels().grouped_gradient(
      {positions_, channels_, x, mean, own, summand, factor, y_gradient, x_gradient});
}

void GroupNormalizer::backward(std::int64_t batch, const float* x, const NormalizationWeights& weights,
                               const float* y_gradient, const NormalizationGradients& gradients) {
  const std::int64_t size = positions_ * channels_;
  rows_in_parallel(batch, size, least_values, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t sample = begin; sample < end; ++sample)
      backward_sample(sample, x + sample * size, weights, y_gradient + sample * size,
                      gradients.input == nullptr ? nullptr : gradients.input + sample * size);
  });
  const auto total = [&](const std::vector<double>& of, float* to) {
    for (std::int64_t c = 0; to != nullptr && c < channels_; ++c) {
      double all = 0;
      for (std::int64_t sample = 0; sample < batch; ++sample)
        all += of[static_cast<std::size_t>(sample * channels_ + c)];
      to[c] = static_cast<float>(all);
    }
  };
  total(weighted_, gradients.scale);
  total(sums_, gradients.offset);
}

}  // namespace kairos::host
