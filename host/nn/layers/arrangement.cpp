// SPDX-License-Identifier: MIT
// Copies arrays between their own order of dimensions and another one.
#include "nn/layers/arrangement.hpp"

#include <utility>

namespace kairos::host {

void Arrangement::place(Shape shape, std::vector<std::size_t> order, bool has_batch) {
  shape_ = std::move(shape);
  order_ = std::move(order);
  has_batch_ = has_batch;
  in_order_ = is_in_order(order_);
  inverse_.resize(order_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) inverse_[order_[i]] = i;
  arranged_shape_.resize(order_.size());
  reserve(1);
}

void Arrangement::reserve(std::int64_t batch) {
  if (in_order_) return;
  if (has_batch_) shape_[0] = batch;
  for (std::size_t i = 0; i < order_.size(); ++i) arranged_shape_[i] = shape_[order_[i]];
  copy_.reserve(size_of(shape_));
  result_.reserve(size_of(shape_));
}

const float* Arrangement::arranged(std::int64_t batch, const float* array) {
  if (in_order_) return array;
  if (has_batch_) shape_[0] = batch;
  permute(shape_, order_, array, copy_.data());
  return copy_.data();
}

void Arrangement::put_back(std::int64_t batch, float* array) {
  if (in_order_) return;
  if (has_batch_) arranged_shape_[inverse_[0]] = batch;
  permute(arranged_shape_, inverse_, result_.data(), array);
}

}  // namespace kairos::host
