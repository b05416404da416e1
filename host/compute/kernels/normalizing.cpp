// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_NORMALIZING_KERNELS is the name of the level's table (see CMakeLists.txt).
#include "compute/kernels/normalizing.hpp"

#include "compute/kernels/lanes.hpp"

namespace kairos::host {

namespace {

/// Rows that are summed at a time: few enough for the L1 cache to keep them for the second pass.
constexpr std::int64_t block_rows = 32;

/// Calls `work(first, count)` for blocks of rows.
template <typename Work>
KAIROS_INLINE void each_block(std::int64_t rows, const Work& work) {
  for (std::int64_t first = 0; first < rows; first += block_rows)
    work(first, rows - first < block_rows ? rows - first : block_rows);
}

/// Mean and squared differences of each block in two passes, joined as by Chan, Golub and LeVeque (1979).
void moments(std::int64_t rows, std::int64_t width, const float* x, double* mean, double* squares) {
  each_block(rows, [&](std::int64_t first, std::int64_t count) {
    const auto n = static_cast<double>(count), before = static_cast<double>(first), share = n / (before + n);
    each_vector(width, [&](std::int64_t k, auto part) {
      const float* const column = x + first * width + k;
      Vector sum{};
      for (std::int64_t row = 0; row < count; ++row) sum += part.get(column + row * width);
      const Vector middle = sum / static_cast<float>(count);
      Vector square{};
      for (std::int64_t row = 0; row < count; ++row) {
        const Vector difference = part.get(column + row * width) - middle;
        square += difference * difference;
      }
      for (std::int64_t i = 0; i < part.size(); ++i) {
        const double difference = static_cast<double>(middle[i]) - (first == 0 ? 0.0 : mean[k + i]);
        mean[k + i] = first == 0 ? difference : mean[k + i] + difference * share;
        squares[k + i] = static_cast<double>(square[i]) +
                         (first == 0 ? 0.0 : squares[k + i] + difference * difference * before * share);
      }
    });
  });
}

void normalize(std::int64_t rows, std::int64_t width, const float* x, const float* mean, const float* factor,
               const float* summand, float* y) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y += width)
    each_vector(width, [&](std::int64_t k, auto part) {
      part.put((part.get(x + k) - part.get(mean + k)) * part.get(factor + k) + part.get(summand + k), y + k);
    });
}

void gradient_sums(std::int64_t rows, std::int64_t width, const float* x, const float* mean,
                   const float* inverse, const float* y_gradient, double* sum, double* weighted) {
  for (std::int64_t i = 0; i < width; ++i) sum[i] = weighted[i] = 0;
  each_block(rows, [&](std::int64_t first, std::int64_t count) {
    each_vector(width, [&](std::int64_t k, auto part) {
      const Vector middle = part.get(mean + k), unit = part.get(inverse + k);
      Vector plain{}, product{};
      for (std::int64_t row = first; row < first + count; ++row) {
        const Vector g = part.get(y_gradient + row * width + k);
        plain += g;
        product += g * ((part.get(x + row * width + k) - middle) * unit);
      }
      for (std::int64_t i = 0; i < part.size(); ++i) {
        sum[k + i] += static_cast<double>(plain[i]);
        weighted[k + i] += static_cast<double>(product[i]);
      }
    });
  });
}

void gradient(std::int64_t rows, std::int64_t width, const float* x, const float* mean, const float* own,
              const float* summand, const float* factor, const float* y_gradient, float* x_gradient) {
  for (std::int64_t row = 0; row < rows; ++row, x += width, y_gradient += width, x_gradient += width)
    each_vector(width, [&](std::int64_t k, auto part) {
      const Vector shared =
          part.get(summand + k) + (part.get(x + k) - part.get(mean + k)) * part.get(factor + k);
      part.put(part.get(own + k) * (part.get(y_gradient + k) - shared), x_gradient + k);
    });
}

RowStatistics normalize_row(const NormalizedRow& row, float epsilon, const float* x, float* y) {
  const auto n = static_cast<double>(row.width);
  const auto mean = static_cast<float>(
      sum_over_row(row.width, [&](std::int64_t k, auto part) { return part.get(x + k); }) / n);
  const auto variance = static_cast<float>(sum_over_row(row.width,
                                                        [&](std::int64_t k, auto part) {
                                                          const Vector difference = part.get(x + k) - mean;
                                                          return difference * difference;
                                                        }) /
                                           n);
  const float inverse = 1 / __builtin_sqrtf(variance + epsilon);
  each_vector(row.width, [&](std::int64_t k, auto part) {
    const Vector scale = row.scale == nullptr ? all(1) : part.get(row.scale + k);
    const Vector offset = row.offset == nullptr ? Vector{} : part.get(row.offset + k);
    part.put((part.get(x + k) - mean) * inverse * scale + offset, y + k);
  });
  return {mean, inverse};
}

void row_gradient(const NormalizedRow& row, const RowStatistics& statistics, const float* x,
                  const float* y_gradient, float* scale_gradient, float* offset_gradient, float* x_gradient) {
  const auto [mean, inverse] = statistics;
  const auto normalized = [&, mean = mean, inverse = inverse](std::int64_t k, auto part) {
    return (part.get(x + k) - mean) * inverse;
  };
  const auto scaled = [&](std::int64_t k, auto part) {
    const Vector g = part.get(y_gradient + k);
    return row.scale == nullptr ? g : g * part.get(row.scale + k);
  };
  each_vector(row.width, [&](std::int64_t k, auto part) {
    const Vector g = part.get(y_gradient + k);
    if (scale_gradient != nullptr)
      part.put(part.get(scale_gradient + k) + g * normalized(k, part), scale_gradient + k);
    if (offset_gradient != nullptr) part.put(part.get(offset_gradient + k) + g, offset_gradient + k);
  });
  if (x_gradient == nullptr) return;
  const auto n = static_cast<double>(row.width);
  const auto plain = static_cast<float>(sum_over_row(row.width, scaled) / n);
  const auto weighted = static_cast<float>(
      sum_over_row(row.width,
                   [&](std::int64_t k, auto part) { return scaled(k, part) * normalized(k, part); }) /
      n);
  each_vector(row.width, [&, inverse = inverse](std::int64_t k, auto part) {
    part.put(inverse * (scaled(k, part) - plain - normalized(k, part) * weighted), x_gradient + k);
  });
}

}  // namespace

extern const NormalizingKernels KAIROS_NORMALIZING_KERNELS;
const NormalizingKernels KAIROS_NORMALIZING_KERNELS{moments,  normalize,     gradient_sums,
                                                    gradient, normalize_row, row_gradient};

}  // namespace kairos::host
