// SPDX-License-Identifier: MIT
// Normalizes groups of channels of each sample to mean 0 and variance 1.
#pragma once

#include <cstdint>
#include <vector>

#include "compute/buffer.hpp"
#include "compute/normalization.hpp"

namespace kairos::host {

/// Samples are [positions, channels], with the channels of a group side by side. Results do not depend on the
/// number of threads.
class GroupNormalizer {
 public:
  GroupNormalizer(std::int64_t positions, std::int64_t channels, std::int64_t groups, float epsilon);
  void reserve(std::int64_t batch);

  void forward(std::int64_t batch, const float* x, const NormalizationWeights& weights, float* y);
  /// Uses the statistics of the last `forward`.
  void backward(std::int64_t batch, const float* x, const NormalizationWeights& weights,
                const float* y_gradient, const NormalizationGradients& gradients);

 private:
  void measure(std::int64_t sample, const float* x);
  void backward_sample(std::int64_t sample, const float* x, const NormalizationWeights& weights,
                       const float* y_gradient, float* x_gradient);
  /// The values of a sample for each channel: 0 mean, 1 inverse deviation, 2 … 4 scratch of a pass.
  [[nodiscard]] float* column(std::int64_t sample, std::int64_t which) {
    return columns_.data() + (sample * 5 + which) * channels_;
  }

  std::int64_t positions_, channels_, group_size_;
  float epsilon_;
  FloatBuffer columns_;                  ///< [batch, 5, channels]
  std::vector<double> sums_, weighted_;  ///< [batch, channels]
};

}  // namespace kairos::host
