// SPDX-License-Identifier: MIT
// Slices are views of the whole batch.
#include "train/rank_batches.hpp"

#include <algorithm>
#include <utility>

#include "base/shape.hpp"

namespace kairos::host {

RankBatches::RankBatches(const Model& model, std::unique_ptr<BatchSource> whole, const Ranks& ranks)
    : BatchSource(whole->samples(), whole->size(0)),
      model_(model),
      whole_(std::move(whole)),
      rank_(ranks.rank()),
      world_(ranks.world()) {}

/// The first ranks have the longer slices.
RankBatches::Slice RankBatches::slice_of(std::int64_t index) const noexcept {
  const std::int64_t samples = whole_->size(index);
  const auto begin_of = [&](std::int64_t rank) { return (samples * rank + world_ - 1) / world_; };
  const std::int64_t begin = begin_of(rank_), size = begin_of(rank_ + 1) - begin;
  if (size == 0) return {0, 1, true};
  return {begin, size, false};
}

std::int64_t RankBatches::size(std::int64_t index) const noexcept {
  return slice_of(index).size;
}

const Batch& RankBatches::at(std::int64_t index) {
  const Slice slice = slice_of(index);
  last_requested_ = index;
  batch_ = whole_->at(index);
  batch_.whole_size = batch_.size;
  batch_.size = slice.size;
  batch_.is_spare = slice.is_spare;
  const auto move = [&](const float*& values, std::int64_t row) { values += slice.begin * row; };
  for (std::size_t i = 0; i < batch_.inputs.size(); ++i)
    move(batch_.inputs[i], product(model_.inputs()[i].shape));
  for (std::size_t i = 0; i < batch_.targets.size(); ++i)
    move(batch_.targets[i], product(model_.targets()[i].shape));
  for (WeightView& weights : batch_.weights)
    if (weights.values != nullptr) move(weights.values, weights.per_sample);
  return batch_;
}

void RankBatches::rows_of_last(std::span<std::int64_t> into) const {
  rows_.resize(static_cast<std::size_t>(whole_->size(last_requested_)));
  whole_->rows_of_last(rows_);
  std::copy_n(rows_.begin() + slice_of(last_requested_).begin, into.size(), into.begin());
}

}  // namespace kairos::host
