// SPDX-License-Identifier: MIT
// Permutes samples and gathers batches.
#include "train/batches.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <utility>

#include "train/pass_random.hpp"

namespace kairos::host {

namespace {

void permute(std::vector<std::int64_t>& items, std::mt19937_64& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(random, i)]);
}

}  // namespace

std::vector<std::int64_t> sample_order(Shuffle shuffle, std::int64_t count, std::int64_t batch_size,
                                       std::uint64_t seed, std::int64_t pass) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (shuffle == Shuffle::None) return order;
  std::mt19937_64 random = pass_random(seed, pass);
  if (shuffle == Shuffle::Samples) {
    permute(order, random);
    return order;
  }
  std::vector<std::int64_t> batches(static_cast<std::size_t>(count / batch_size));
  std::iota(batches.begin(), batches.end(), std::int64_t{0});
  permute(batches, random);
  auto next = order.begin();
  for (const std::int64_t batch : batches) {
    std::iota(next, next + batch_size, batch * batch_size);
    next += batch_size;
  }
  return order;
}

Batches::Batches(const Columns& columns, std::vector<Array> weights, RowSet rows, std::int64_t batch_size)
    : BatchSource(rows.size(), batch_size), rows_(std::move(rows)), owned_weights_(std::move(weights)) {
  for (const Array* array : columns.inputs) inputs_.emplace_back(*array);
  for (const Array* array : columns.targets) targets_.emplace_back(*array);
  for (const Array& array : owned_weights_) weights_.emplace_back(array);
  batch_.inputs.resize(inputs_.size());
  batch_.targets.resize(targets_.size());
  batch_.weights.resize(weights_.size());
}

std::unique_ptr<BatchSource> Batches::again(std::int64_t batch_size) const {
  Columns columns;
  for (const Feed& feed : inputs_) columns.inputs.push_back(feed.source);
  for (const Feed& feed : targets_) columns.targets.push_back(feed.source);
  return std::make_unique<Batches>(columns, owned_weights_, rows_, batch_size);
}

void Batches::reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) {
  order_.clear();
  if (shuffle != Shuffle::None) order_ = sample_order(shuffle, samples_, batch_size_, seed, pass);
}

const float* Batches::rows(Feed& feed, std::int64_t first, std::int64_t count) {
  const float* base = feed.source->values.data();
  if (order_.empty() && rows_.rows.empty()) return base + rows_.at(first) * feed.row_size;
  feed.buffer.resize(static_cast<std::size_t>(batch_size_ * feed.row_size));
  float* out = feed.buffer.data();
  for (std::int64_t i = first; i < first + count; ++i, out += feed.row_size)
    std::copy_n(base + row_at(i) * feed.row_size, feed.row_size, out);
  return feed.buffer.data();
}

const Batch& Batches::at(std::int64_t index) {
  const std::int64_t first = index * batch_size_;
  const std::int64_t count = size(index);
  last_requested_ = index;
  batch_.size = count;
  for (std::size_t i = 0; i < inputs_.size(); ++i) batch_.inputs[i] = rows(inputs_[i], first, count);
  for (std::size_t i = 0; i < targets_.size(); ++i) batch_.targets[i] = rows(targets_[i], first, count);
  for (std::size_t i = 0; i < weights_.size(); ++i)
    batch_.weights[i] = {rows(weights_[i], first, count), weights_[i].row_size};
  return batch_;
}

void Batches::rows_of_last(std::span<std::int64_t> into) const {
  std::int64_t position = last_requested_ * batch_size_;
  for (std::int64_t& row : into) row = row_at(position++);
}

}  // namespace kairos::host
