// SPDX-License-Identifier: MIT
// The "axis" of layers that work on the last dimensions.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "nn/layer.hpp"

namespace kairos::host {

class TrailingAxes {
 public:
  /// A number, or a list of numbers; -1 if absent. Throws Error(Model).
  explicit TrailingAxes(ConfigReader& config);

  /// The number of trailing dimensions of `shape` that the axes name. Throws Error(Model) if they name
  /// others.
  [[nodiscard]] std::size_t count(const Layer& layer, const Shape& shape) const;
  /// As it was read.
  [[nodiscard]] nlohmann::json json() const;

 private:
  std::vector<std::int64_t> axes_;
  bool is_list_ = false;
};

}  // namespace kairos::host
