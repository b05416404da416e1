// SPDX-License-Identifier: MIT
// What padding adds to samples, and cropping takes from them: steps before and after the data, per dimension.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "compute/parallel.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// For one to three dimensions; missing ones come first and have a size of 1 and no border.
class Borders {
 public:
  /// Reads an integer for all sides, or a list with an integer or (before, after) for each dimension; for one
  /// dimension also (before, after). `fallback` is used if the key is absent. Throws Error(Model).
  Borders(ConfigReader& config, std::string_view key, std::size_t dimensions, std::int64_t fallback);

  [[nodiscard]] std::size_t dimensions() const noexcept { return dimensions_; }
  /// As Keras writes them.
  [[nodiscard]] nlohmann::json json() const;

  /// Steps before and after, together, of dimension i of the sample.
  [[nodiscard]] std::int64_t both(std::size_t i) const {
    const auto& side = sides_[3 - dimensions_ + i];
    return side[0] + side[1];
  }
  /// Samples without their borders have the shape `inner`, with them `outer`. Both end with the channels.
  void place(const Shape& inner, const Shape& outer);

  /// outer = inner with zeros around it.
  void pad(std::int64_t batch, const float* inner, float* outer) const;
  /// inner = outer without its borders.
  void crop(std::int64_t batch, const float* outer, float* inner) const;

 private:
  /// Calls visit(offset in inner, offset in outer, number of values) for every row of every sample.
  template <typename Visit>
  void each_row(std::int64_t begin, std::int64_t end, const Visit& visit) const;

  std::size_t dimensions_;
  std::array<std::array<std::int64_t, 2>, 3> sides_{};  ///< [dimension][before, after]
  std::array<std::int64_t, 3> inner_{}, outer_{};
  std::int64_t channels_ = 0;
};

}  // namespace kairos::host
