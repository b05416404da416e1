// SPDX-License-Identifier: MIT
// Statistics of a tensor: sums in double precision, in the order of the elements.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <kairos/tensor.hpp>
#include <limits>
#include <string_view>
#include <vector>

namespace kairos::plugins {

/// NaN and infinities enter the sums, and are counted; least and greatest are those of the finite elements.
struct Statistics {
  double sum = 0, squares = 0;
  double least = std::numeric_limits<double>::quiet_NaN();
  double greatest = std::numeric_limits<double>::quiet_NaN();
  double variance = 0;
  std::int64_t zeros = 0, not_finite = 0, count = 0;

  [[nodiscard]] double norm() const { return std::sqrt(squares); }
  [[nodiscard]] double mean() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
  /// Of the elements themselves, divided by their number.
  [[nodiscard]] double deviation() const { return std::sqrt(variance); }
};

[[nodiscard]] inline Statistics statistics_of(const Tensor& tensor) {
  Statistics s;
  s.count = tensor.size();
  for (const float element : tensor) {
    const auto value = static_cast<double>(element);
    s.sum += value;
    s.squares += value * value;
    if (!std::isfinite(value)) {
      ++s.not_finite;
      continue;
    }
    if (value == 0) ++s.zeros;
    // The first comparison with NaN is false both ways.
    if (!(s.least <= value)) s.least = value;
    if (!(s.greatest >= value)) s.greatest = value;
  }
  if (s.count == 0) return s;
  double squares = 0;
  for (const float element : tensor) {
    const double distance = static_cast<double>(element) - s.mean();
    squares += distance * distance;
  }
  s.variance = squares / static_cast<double>(s.count);
  return s;
}

/// Finite elements in bins of one width from the least to the greatest, which belongs to the last bin.
[[nodiscard]] inline std::vector<std::int64_t> histogram_of(const Tensor& tensor, const Statistics& s,
                                                            std::size_t bins) {
  std::vector<std::int64_t> counts(bins, 0);
  const double width = s.greatest - s.least;
  for (const float element : tensor) {
    const auto value = static_cast<double>(element);
    if (!std::isfinite(value)) continue;
    const double place = width > 0 ? (value - s.least) / width * static_cast<double>(bins) : 0;
    ++counts[std::min(static_cast<std::size_t>(place), bins - 1)];
  }
  return counts;
}

/// Sums of squares of a step and of the weight before it.
struct Change {
  double moved = 0, length = 0;
  /// Infinity for a step away from zero; 0 if nothing moved.
  [[nodiscard]] double ratio() const { return moved == 0 ? 0 : std::sqrt(moved) / std::sqrt(length); }
};

[[nodiscard]] inline Change change_of(const std::vector<float>& before, const Tensor& now) {
  Change change;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto old = static_cast<double>(before[i]);
    const double step = static_cast<double>(now.data()[i]) - old;
    change.moved += step * step;
    change.length += old * old;
  }
  return change;
}

/// Units of a layer: the last axis of its kernel. 0 for every other tensor, and where that axis does not
/// count units: the gates of LSTM and GRU (whose recurrent kernel has units rows, and a column for each gate
/// of each), and the multiplier of a depthwise convolution (whose bias is longer).
[[nodiscard]] inline std::size_t units_of(const Tensor& tensor, const std::vector<Tensor>& weights) {
  const std::string_view name = tensor.name();
  const std::size_t slash = name.rfind('/');
  const std::string_view layer = name.substr(0, slash == std::string_view::npos ? 0 : slash + 1);
  if (name.substr(layer.size()) != "kernel" || tensor.rank() < 2) return 0;
  if (layer.find("depthwise") != std::string_view::npos) return 0;
  const std::int64_t units = tensor.shape(tensor.rank() - 1);
  for (const Tensor& other : weights) {
    if (other.name().substr(0, layer.size()) != layer) continue;
    const std::string_view what = other.name().substr(layer.size());
    if (what == "recurrent_kernel" && other.shape(0) != units) return 0;
    if (what == "bias" && other.rank() == 1 && other.size() != units) return 0;
  }
  return static_cast<std::size_t>(units);
}

/// Units with a gradient other than 0 are alive.
inline void mark_alive(const Tensor& gradient, std::uint8_t* alive, std::size_t units) {
  // Usually all are alive after the first step of an epoch, and the gradients need not be read any more.
  if (units == 0 || std::find(alive, alive + units, std::uint8_t{0}) == alive + units) return;
  const float* row = gradient.data();
  for (const float* const end = row + gradient.size(); row != end; row += units)
    for (std::size_t i = 0; i < units; ++i) alive[i] |= static_cast<std::uint8_t>(row[i] != 0);
}

[[nodiscard]] inline std::size_t count_dead(const std::uint8_t* alive, std::size_t units) {
  return static_cast<std::size_t>(std::count(alive, alive + units, std::uint8_t{0}));
}

}  // namespace kairos::plugins
