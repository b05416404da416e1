// SPDX-License-Identifier: MIT
// Buckets as TensorBoard's own writer computes them.
#include "histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <kairos/interop/eigen.hpp>
#include <limits>

namespace kairos::plugins::tensorboard {

namespace {

constexpr std::size_t bucket_count = 30;

}  // namespace

Histogram histogram_of(const Tensor& tensor) {
  Histogram buckets(bucket_count);
  const auto values = eigen::array(tensor).cast<double>();
  const auto is_finite = values.isFinite();
  const auto finite = static_cast<double>(is_finite.count());
  if (finite == 0) return buckets;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double smallest = is_finite.select(values, infinity).minCoeff();
  const double largest = is_finite.select(values, -infinity).maxCoeff();
  if (smallest == largest) {
    std::fill(buckets.begin(), buckets.end(), Bucket{largest, largest, 0});
    buckets.back().count = finite;
    return buckets;
  }
  const double width = (largest - smallest) / static_cast<double>(bucket_count);
  for (std::size_t i = 0; i < bucket_count; ++i) {
    buckets[i].left = smallest + width * static_cast<double>(i);
    buckets[i].right = i + 1 < bucket_count ? smallest + width * static_cast<double>(i + 1) : largest;
  }
  for (const float value : tensor) {
    if (!std::isfinite(value)) continue;
    const auto index = static_cast<std::size_t>((static_cast<double>(value) - smallest) / width);
    ++buckets[std::min(index, bucket_count - 1)].count;
  }
  return buckets;
}

}  // namespace kairos::plugins::tensorboard
