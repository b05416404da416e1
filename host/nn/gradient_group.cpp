// SPDX-License-Identifier: MIT
// The sum is divided once, by the sum of the batches' divisors: a mean over all samples, not a mean of means.
#include "nn/gradient_group.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cstring>

#include "base/byte_stream.hpp"

namespace kairos::host {

void GradientGroup::begin(std::int64_t left) {
  size_ = std::max<std::int64_t>(std::min(next_size_, left), 1);
  batches_ = 0;
  divisor_ = 0;
  if (size_ > 1) reserve();
}

void GradientGroup::reserve() {
  if (!sums_.empty()) return;
  for (const Parameter* parameter : trained_) sums_.emplace_back().reserve(parameter->size());
}

bool GradientGroup::add_to_sum(GradientShare share) {
  const bool is_first = batches_ == 0;
  const bool is_last = ++batches_ == size_;
  divisor_ += share.divisor;
  const auto factor = static_cast<float>(share.factor);
  const auto scale = static_cast<float>(divisor_ == 0 ? 0.0 : 1.0 / divisor_);
  for (std::size_t i = 0; i < trained_.size(); ++i) {
    Eigen::Map<Eigen::ArrayXf> gradient(trained_[i]->gradient.data(), trained_[i]->size());
    Eigen::Map<Eigen::ArrayXf> sum(sums_[i].data(), trained_[i]->size());
    if (is_last)
      gradient = (sum + gradient * factor) * scale;
    else if (is_first)
      sum = gradient * factor;
    else
      sum += gradient * factor;
  }
  if (is_last) batches_ = 0;
  return is_last;
}

void GradientGroup::save_state(ByteWriter& out) const {
  out.number(size_);
  out.number(batches_);
  out.number(divisor_);
  if (!is_open()) return;
  for (std::size_t i = 0; i < trained_.size(); ++i)
    out.values(std::span<const float>(sums_[i].data(), static_cast<std::size_t>(trained_[i]->size())));
}

std::optional<GradientGroup::State> GradientGroup::read_state(ByteReader& in) const {
  State state;
  state.size = in.number<std::int64_t>();
  state.batches = in.number<std::int64_t>();
  state.divisor = in.number<double>();
  if (!in.good() || state.batches < 0 || state.size <= state.batches) return std::nullopt;
  if (state.batches == 0) return state;
  for (const Parameter* parameter : trained_) {
    state.sums.push_back(in.text());
    if (state.sums.back().size() != static_cast<std::size_t>(parameter->size()) * sizeof(float))
      return std::nullopt;
  }
  return state;
}

void GradientGroup::apply(const State& state) {
  size_ = state.size;
  batches_ = state.batches;
  divisor_ = state.divisor;
  if (!is_open()) return;
  reserve();
  for (std::size_t i = 0; i < trained_.size(); ++i)
    if (!state.sums[i].empty()) std::memcpy(sums_[i].data(), state.sums[i].data(), state.sums[i].size());
}

}  // namespace kairos::host
