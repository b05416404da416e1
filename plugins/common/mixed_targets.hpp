// SPDX-License-Identifier: MIT
// Targets and sample weights of a batch whose samples are mixed in pairs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <kairos/batch.hpp>
#include <vector>

namespace kairos::plugins {

/// Makes class numbers probabilities. Its memory is used again in the next batch.
class SoftTargets {
 public:
  /// Lends a target for writing. Class numbers become probabilities first, all of them for the class.
  [[nodiscard]] Tensor lend(Batch& batch, std::uint32_t index) {
    const std::int64_t classes = batch.classes(index);
    if (classes > 0) {
      const Tensor labels = batch.tensor(Role::Target, index);
      soft_.assign(static_cast<std::size_t>(labels.size() * classes), 0.0F);
      for (std::int64_t i = 0; i < labels.size(); ++i)
        soft_[static_cast<std::size_t>(i * classes + static_cast<std::int64_t>(labels.data()[i]))] = 1;
      shape_.clear();
      for (std::int32_t axis = 0; axis < labels.rank(); ++axis) shape_.push_back(labels.shape(axis));
      shape_.push_back(classes);
      batch.replace(Role::Target, index, soft_.data(), shape_);
    }
    return batch.tensor(Role::Target, index, Access::Write);
  }

 private:
  std::vector<float> soft_;
  std::vector<std::int64_t> shape_;
};

/// Which samples are mixed: each with its partner, whose share is 1 - `share`.
struct Pairs {
  std::vector<std::int64_t> partners;
  double share = 1;
  std::vector<float> before;  ///< a tensor before it is mixed; its memory is used again
  SoftTargets targets;

  /// Each row of the tensor becomes its share of itself plus the rest of its partner's row.
  void mix(const Tensor& tensor) {
    const std::int64_t width = tensor.size() / tensor.shape(0);
    before.assign(tensor.begin(), tensor.end());
    float* out = tensor.mutable_data();
    const auto own = static_cast<float>(share);
    const auto other = static_cast<float>(1 - share);
    for (const std::int64_t partner : partners) {
      const float* const theirs = before.data() + partner * width;
      for (std::int64_t k = 0; k < width; ++k) out[k] = own * out[k] + other * theirs[k];
      out += width;
    }
  }

  /// Mixes all targets, and the sample weights unless all are the same.
  void mix_targets(Batch& batch) {
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Target); ++i) mix(targets.lend(batch, i));
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::SampleWeight); ++i) {
      const Tensor weights = batch.tensor(Role::SampleWeight, i);
      const float first = *weights.begin();
      if (std::all_of(weights.begin(), weights.end(), [first](float one) { return one == first; })) continue;
      mix(batch.tensor(Role::SampleWeight, i, Access::Write));
    }
  }
};

}  // namespace kairos::plugins
