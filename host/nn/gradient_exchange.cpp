// SPDX-License-Identifier: MIT
// The last layers first: their gradients are the first to be complete.
#include "nn/gradient_exchange.hpp"

#include <algorithm>
#include <cstddef>

namespace kairos::host {

void GradientExchange::build(std::span<Parameter* const> trained) {
  constexpr std::int64_t least_alone = std::int64_t{1} << 14;
  for (std::size_t i = trained.size(); i-- > 0;) {
    const bool alone = trained[i]->size() >= least_alone;
    (alone ? large_ : small_).push_back(trained[i]);
    if (!alone) small_size_ += trained[i]->size();
  }
  packed_.reserve(small_size_);
}

void GradientExchange::sum(Ranks& ranks) {
  for (Parameter* parameter : large_)
    ranks.begin_sum({parameter->gradient.data(), static_cast<std::size_t>(parameter->size())});
  float* next = packed_.data();
  for (const Parameter* parameter : small_)
    next = std::copy_n(parameter->gradient.data(), parameter->size(), next);
  ranks.begin_sum({packed_.data(), static_cast<std::size_t>(small_size_)});
  ranks.finish_sums();
  const float* from = packed_.data();
  for (Parameter* parameter : small_) {
    std::copy_n(from, parameter->size(), parameter->gradient.data());
    from += parameter->size();
  }
}

}  // namespace kairos::host
