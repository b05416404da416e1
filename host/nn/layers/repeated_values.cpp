// SPDX-License-Identifier: MIT
// Maps places in a row to shared values.
#include "nn/layers/repeated_values.hpp"

#include <algorithm>

namespace kairos::host {

void RepeatedValues::place(const Shape& values, const Shape& sample) {
  count_ = size_of(values);
  auto first = std::find_if(values.begin(), values.end(), [](std::int64_t size) { return size != 1; });
  constexpr std::int64_t short_row = 64;  // not worth a call for each
  const auto place_of = [&] { return sample.end() - (values.end() - first); };
  while (first != values.begin() && size_of(Shape(place_of(), sample.end())) < short_row) --first;
  const Shape own(first, values.end());
  const Shape wide(sample.end() - std::ssize(own), sample.end());
  width_ = size_of(wide);
  positions_.clear();
  if (own == wide) return;
  for (std::int64_t i = 0; i < width_; ++i) {
    std::int64_t rest = i, position = 0, stride = 1;
    for (std::size_t d = own.size(); d-- > 0; rest /= wide[d]) {
      if (own[d] != 1) position += rest % wide[d] * stride;
      stride *= own[d];
    }
    positions_.push_back(static_cast<std::int32_t>(position));
  }
}

void RepeatedValues::repeat(const float* values, float* row) const {
  if (positions_.empty()) {
    std::copy_n(values, width_, row);
    return;
  }
  for (std::size_t i = 0; i < positions_.size(); ++i) row[i] = values[positions_[i]];
}

void RepeatedValues::sum(const float* row, float* values) const {
  if (positions_.empty()) {
    std::copy_n(row, width_, values);
    return;
  }
  std::fill_n(values, count_, 0.0F);
  for (std::size_t i = 0; i < positions_.size(); ++i) values[positions_[i]] += row[i];
}

}  // namespace kairos::host
