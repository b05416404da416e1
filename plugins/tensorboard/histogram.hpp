// SPDX-License-Identifier: MIT
// How the values of a tensor are spread.
#pragma once

#include <kairos/tensor.hpp>
#include <vector>

namespace kairos::plugins::tensorboard {

/// Values from `left` up to but not including `right`; the last bucket has its right edge too.
struct Bucket {
  double left = 0;
  double right = 0;
  double count = 0;
};

using Histogram = std::vector<Bucket>;

/// 30 buckets of equal width, as tf.summary.histogram makes them: where all values are one, all buckets have
/// that value for both edges and the last one counts; without values all is 0. Values that are not finite
/// have no bucket and are left out.
[[nodiscard]] Histogram histogram_of(const Tensor& tensor);

}  // namespace kairos::plugins::tensorboard
