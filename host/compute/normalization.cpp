// SPDX-License-Identifier: MIT
// Sums are computed for parts of the rows and joined in the order of the parts, which depend on the shape
// alone.
#include "compute/normalization.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"

namespace kairos::host {

namespace {

constexpr std::int64_t most_parts = 16;

std::int64_t part_count(std::int64_t rows, std::int64_t width) {
  return std::clamp<std::int64_t>(std::min(rows, rows * width / least_values), 1, most_parts);
}

/// Calls `work(part, first, rows)` for parts of the rows, on the threads. Returns the number of parts.
template <typename Work>
std::int64_t each_part(std::int64_t rows, std::int64_t width, const Work& work) {
  const std::int64_t parts = part_count(rows, width);
  each_in_parallel(parts, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t part = begin; part < end; ++part) {
      const std::int64_t first = part * rows / parts;
      work(part, first, (part + 1) * rows / parts - first);
    }
  });
  return parts;
}

/// Calls `work(first, rows, counts)` for each run of rows that count, or do not count, alike.
template <typename Work>
void each_run(std::int64_t first, std::int64_t rows, const RowMask& mask, const Work& work) {
  const std::int64_t end = first + rows;
  while (first < end) {
    const bool counts = mask.counts(first);
    std::int64_t next = mask.values == nullptr ? end : first + 1;
    while (next < end && mask.counts(next) == counts) ++next;
    work(first, next - first, counts);
    first = next;
  }
}

/// Mean and squared differences of some rows, one value of each per column.
struct Moments {
  double rows;
  double* mean;
  double* squares;

  /// After Chan, Golub and LeVeque (1979).
  void join(std::int64_t width, const Moments& other) {
    const double all = rows + other.rows;
    if (other.rows == 0) return;
    for (std::int64_t i = 0; i < width; ++i) {
      const double difference = rows == 0 ? 0.0 : other.mean[i] - mean[i];
      mean[i] = rows == 0 ? other.mean[i] : mean[i] + difference * other.rows / all;
      squares[i] = other.squares[i] +
                   (rows == 0 ? 0.0 : squares[i] + difference * difference * rows * other.rows / all);
    }
    rows = all;
  }
};

/// The moments of all processes, from the sums of counts, values and squares.
void join_processes(std::int64_t width, Moments& all, std::vector<double>& sums, const SumOfParts& sum) {
  sums.assign(1, all.rows);
  for (std::int64_t i = 0; i < width; ++i) sums.push_back(all.rows == 0 ? 0 : all.rows * all.mean[i]);
  for (std::int64_t i = 0; i < width; ++i)
    sums.push_back(all.rows == 0 ? 0 : all.squares[i] + all.rows * all.mean[i] * all.mean[i]);
  sum(sums);
  all.rows = sums.front();
  for (std::int64_t i = 0; i < width && all.rows > 0; ++i) {
    all.mean[i] = sums[static_cast<std::size_t>(1 + i)] / all.rows;
    const double squares = sums[static_cast<std::size_t>(1 + width + i)];
    all.squares[i] = std::max(0.0, squares - all.rows * all.mean[i] * all.mean[i]);
  }
}

}  // namespace

ColumnNormalizer::ColumnNormalizer(std::int64_t width, float epsilon)
    : width_(width),
      epsilon_(epsilon),
      sums_(static_cast<std::size_t>(2 * most_parts * width)),
      squares_(static_cast<std::size_t>(2 * most_parts * width)),
      counts_(static_cast<std::size_t>(most_parts)) {
  joined_.reserve(static_cast<std::size_t>(1 + 2 * width));
  for (FloatBuffer* buffer : {&mean_, &variance_, &inverse_deviation_, &own_, &factor_, &shift_})
    buffer->reserve(width);
}

void ColumnNormalizer::invert_deviation() {
  for (std::int64_t i = 0; i < width_; ++i)
    inverse_deviation_.data()[i] = 1 / std::sqrt(variance_.data()[i] + epsilon_);
}

void ColumnNormalizer::measure(std::int64_t rows, const float* x, const RowMask& mask,
                               const SumOfParts& sum) {
  measured_ = true;
  mask_ = mask;
  const auto moments_of = [&](std::int64_t part, double n) {
    return Moments{n, sums_.data() + part * width_, squares_.data() + part * width_};
  };
  const std::int64_t parts =
      each_part(rows, width_, [&](std::int64_t part, std::int64_t first, std::int64_t count) {
        Moments all = moments_of(part, 0);
        each_run(first, count, mask, [&](std::int64_t begin, std::int64_t n, bool counts) {
          if (!counts) return;
          Moments run = all.rows == 0 ? all : moments_of(most_parts + part, 0);
          normalizing_kernels().moments(n, width_, x + begin * width_, run.mean, run.squares);
          run.rows = static_cast<double>(n);
          if (all.rows == 0)
            all = run;
          else
            all.join(width_, run);
        });
        counts_[static_cast<std::size_t>(part)] = all.rows;
      });
  Moments all = moments_of(0, counts_[0]);
  for (std::int64_t part = 1; part < parts; ++part)
    all.join(width_, moments_of(part, counts_[static_cast<std::size_t>(part)]));
  if (sum) join_processes(width_, all, joined_, sum);
  counted_ = all.rows;
  for (std::int64_t i = 0; i < width_; ++i) {
    mean_.data()[i] = counted_ == 0 ? 0.0F : static_cast<float>(all.mean[i]);
    variance_.data()[i] = counted_ == 0 ? 0.0F : static_cast<float>(all.squares[i] / counted_);
  }
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
  for (std::int64_t i = 0; i < width_; ++i) {
    factor[i] = inverse_deviation_.data()[i] * (weights.scale == nullptr ? 1.0F : weights.scale[i]);
    shift[i] = weights.offset == nullptr ? 0.0F : weights.offset[i];
  }
  rows_in_parallel(rows, width_, least_values, [=, this](std::int64_t begin, std::int64_t end) {
    normalizing_kernels().normalize(end - begin, width_, x + begin * width_, mean_.data(), factor, shift,
                                    y + begin * width_);
  });
}

void ColumnNormalizer::backward(std::int64_t rows, const float* x, const NormalizationWeights& weights,
                                const float* y_gradient, const NormalizationGradients& gradients,
                                const SumOfParts& sum_of_parts) {
  double* const sum = sums_.data();          // gradient
  double* const weighted = squares_.data();  // gradient · normalized value
  const std::int64_t parts =
      each_part(rows, width_, [&](std::int64_t part, std::int64_t first, std::int64_t count) {
        normalizing_kernels().gradient_sums(count, width_, x + first * width_, mean_.data(),
                                            inverse_deviation_.data(), y_gradient + first * width_,
                                            sum + part * width_, weighted + part * width_);
      });
  for (std::int64_t part = 1; part < parts; ++part)
    for (std::int64_t i = 0; i < width_; ++i) {
      sum[i] += sum[part * width_ + i];
      weighted[i] += weighted[part * width_ + i];
    }
  for (std::int64_t i = 0; i < width_; ++i) {
    if (gradients.scale != nullptr) gradients.scale[i] = static_cast<float>(weighted[i]);
    if (gradients.offset != nullptr) gradients.offset[i] = static_cast<float>(sum[i]);
  }
  if (gradients.input == nullptr) return;
  if (sum_of_parts && measured_) {
    joined_.assign(sum, sum + width_);
    joined_.insert(joined_.end(), weighted, weighted + width_);
    sum_of_parts(joined_);
    std::copy_n(joined_.data(), width_, sum);
    std::copy_n(joined_.data() + width_, width_, weighted);
  }
  // Each value's share in mean and variance; 0 if these were given.
  const double share = measured_ && counted_ > 0 ? 1 / counted_ : 0.0;
  float *const own = own_.data(), *const factor = factor_.data(), *const shift = shift_.data();
  for (std::int64_t i = 0; i < width_; ++i) {
    const float inverse = inverse_deviation_.data()[i];
    own[i] = weights.scale == nullptr ? inverse : inverse * weights.scale[i];
    shift[i] = static_cast<float>(sum[i] * share);
    factor[i] = static_cast<float>(weighted[i] * share) * inverse;
  }
  const RowMask mask = measured_ ? mask_ : RowMask{};
  rows_in_parallel(rows, width_, least_values, [&](std::int64_t begin, std::int64_t end) {
    each_run(begin, end - begin, mask, [&](std::int64_t first, std::int64_t n, bool counts) {
      const float* const g = y_gradient + first * width_;
      float* const out = gradients.input + first * width_;
      if (counts)
        return normalizing_kernels().gradient(n, width_, x + first * width_, mean_.data(), own, shift, factor,
                                              g, out);
      // It was no part of mean and variance.
      for (std::int64_t row = 0; row < n; ++row)
        kernels().multiply_each(width_, own, g + row * width_, out + row * width_);
    });
  });
}

void RowNormalizer::reserve(std::int64_t rows) {
  if (static_cast<std::size_t>(rows) > statistics_.size()) statistics_.resize(static_cast<std::size_t>(rows));
  scale_gradients_.reserve(most_parts * width_);
  offset_gradients_.reserve(most_parts * width_);
}

void RowNormalizer::forward(std::int64_t rows, const float* x, const NormalizationWeights& weights,
                            float* y) {
  const NormalizedRow shape{width_, weights.scale, weights.offset};
  rows_in_parallel(rows, width_, least_values, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      statistics_[static_cast<std::size_t>(row)] =
          normalizing_kernels().normalize_row(shape, epsilon_, x + row * width_, y + row * width_);
  });
}

void RowNormalizer::backward(std::int64_t rows, const float* x, const NormalizationWeights& weights,
                             const float* y_gradient, const NormalizationGradients& gradients) {
  const NormalizedRow shape{width_, weights.scale, weights.offset};
  const auto place = [&](const float* wanted, FloatBuffer& buffer, std::int64_t part) {
    if (wanted == nullptr) return static_cast<float*>(nullptr);
    float* const sums = buffer.data() + part * width_;
    std::fill_n(sums, width_, 0.0F);
    return sums;
  };
  const std::int64_t parts =
      each_part(rows, width_, [&](std::int64_t part, std::int64_t first, std::int64_t count) {
        float* const scale = place(gradients.scale, scale_gradients_, part);
        float* const offset = place(gradients.offset, offset_gradients_, part);
        for (std::int64_t at = first * width_, row = first; row < first + count; ++row, at += width_)
          normalizing_kernels().row_gradient(shape, statistics_[static_cast<std::size_t>(row)], x + at,
                                             y_gradient + at, scale, offset,
                                             gradients.input == nullptr ? nullptr : gradients.input + at);
      });
  for (const auto& [to, from] :
       {std::pair{gradients.scale, scale_gradients_.data()}, {gradients.offset, offset_gradients_.data()}})
    if (to != nullptr) kernels().sum_parts(width_, parts, from, width_, nullptr, to);
}

}  // namespace kairos::host
