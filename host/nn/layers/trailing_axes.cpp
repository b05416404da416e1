// SPDX-License-Identifier: MIT
// Reads "axis" and checks it against a shape.
#include "nn/layers/trailing_axes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

TrailingAxes::TrailingAxes(ConfigReader& config) {
  constexpr std::int64_t furthest = 64;
  const nlohmann::json* value = config.take("axis");
  if (value == nullptr) {
    axes_ = {-1};
    return;
  }
  is_list_ = value->is_array();
  for (const nlohmann::json& axis : is_list_ ? *value : nlohmann::json::array({*value})) {
    if (!axis.is_number_integer() || axis < -furthest || axis > furthest)
      config.bad_value("axis", "the number of a dimension, or a list of them");
    axes_.push_back(axis.get<std::int64_t>());
  }
  if (axes_.empty()) config.bad_value("axis", "at least one dimension");
}

std::size_t TrailingAxes::count(const Layer& layer, const Shape& shape) const {
  const auto rank = static_cast<std::int64_t>(shape.size()) + 1;  // Keras counts the batch
  std::vector<std::int64_t> positions;
  for (const std::int64_t axis : axes_) positions.push_back(axis < 0 ? axis + rank : axis);
  std::sort(positions.begin(), positions.end());
  const auto n = static_cast<std::int64_t>(positions.size());
  for (std::int64_t i = 0; i < n; ++i)
    if (positions[static_cast<std::size_t>(i)] != rank - n + i || n >= rank)
      throw Error(ErrorKind::Model, {"KAIROS-M004", layer_noun(layer.name(), layer.class_name()),
                                     "\"axis\" is supported for dimensions at the end of a sample only",
                                     json().dump() + " for samples of shape " + shape_text(shape), "-1",
                                     "Move the dimension to the end"});
  return positions.size();
}

nlohmann::json TrailingAxes::json() const {
  return is_list_ ? nlohmann::json(axes_) : nlohmann::json(axes_.front());
}

}  // namespace kairos::host
