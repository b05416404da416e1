// SPDX-License-Identifier: MIT
// The distribution of the values of a tensor.
#pragma once

#include <kairos/tensor.hpp>
#include <vector>

namespace kairos::plugins::tensorboard {

/// Values in [left, right); the last bucket includes its right edge.
struct Bucket {
  double left = 0;
  double right = 0;
  double count = 0;
};

using Histogram = std::vector<Bucket>;

/// 30 buckets of equal width, as tf.summary.histogram computes them. If all values are equal, all buckets
/// have that value as both edges and the last one has the count. Without values, everything is 0. Values that
/// are not finite are not counted.
[[nodiscard]] Histogram histogram_of(const Tensor& tensor);

}  // namespace kairos::plugins::tensorboard
