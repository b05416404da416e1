// SPDX-License-Identifier: MIT
// Constraints, their Keras JSON, and norms over any axes.
#include "nn/constraint.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"
#include "nn/keras/object.hpp"

namespace kairos::host {

namespace {

using Kind = Constraint::Kind;

constexpr std::array<std::pair<const char*, Kind>, 4> kinds{{{"MaxNorm", Kind::MaxNorm},
                                                             {"NonNeg", Kind::NonNeg},
                                                             {"UnitNorm", Kind::UnitNorm},
                                                             {"MinMaxNorm", Kind::MinMaxNorm}}};
constexpr NumberRange norm_range{0, 3e38};
constexpr float epsilon = 1e-7F;  ///< keras.config.epsilon()

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& [name, kind] : kinds) all.push_back(snake_case(name));
  return all;
}

std::vector<std::int64_t> read_axes(ConfigReader& arguments) {
  const nlohmann::json* value = arguments.take("axis");
  if (value == nullptr) return {0};
  const nlohmann::json list = value->is_array() ? *value : nlohmann::json::array({*value});
  std::vector<std::int64_t> axes;
  for (const nlohmann::json& axis : list) {
    if (!axis.is_number_integer()) arguments.bad_value("axis", "an integer, or a list of them");
    axes.push_back(axis.get<std::int64_t>());
  }
  if (axes.empty()) arguments.bad_value("axis", "at least one axis");
  return axes;
}

nlohmann::json axes_json(const std::vector<std::int64_t>& axes) {
  return axes.size() == 1 ? nlohmann::json(axes.front()) : nlohmann::json(axes);
}

}  // namespace

Constraint read_constraint(ConfigReader& config, std::string_view key) {
  const nlohmann::json* value = config.take(key);
  if (value == nullptr) return {};
  const KerasObject object(*value, config.where() + " " + std::string(key), names(), config.unknown_keys());
  const std::string wanted = snake_case(object.class_name());
  Constraint result;
  for (const auto& [name, kind] : kinds)
    if (wanted == snake_case(name)) result.kind = kind;
  if (result.none()) object.unknown("KAIROS-M014", "constraint");
  ConfigReader arguments(object.config(), object.where(), config.inside("constraint", object.class_name()));
  if (result.kind == Kind::MaxNorm) result.max_value = arguments.number("max_value", 2, norm_range);
  if (result.kind == Kind::MinMaxNorm) {
    result.min_value = arguments.number("min_value", 0, norm_range);
    result.max_value = arguments.number("max_value", 1, norm_range);
    result.rate = arguments.number("rate", 1, {0, 1});
    if (result.min_value > result.max_value) arguments.bad_value("min_value", "at most max_value");
  }
  if (result.kind != Kind::NonNeg) result.axes = read_axes(arguments);
  arguments.finish();
  return result;
}

nlohmann::json constraint_json(const Constraint& constraint) {
  nlohmann::json config = nlohmann::json::object();
  if (constraint.kind == Kind::MinMaxNorm) {
    config["min_value"] = constraint.min_value;
    config["rate"] = constraint.rate;
  }
  if (constraint.kind == Kind::MaxNorm || constraint.kind == Kind::MinMaxNorm)
    config["max_value"] = constraint.max_value;
  if (constraint.kind != Kind::NonNeg) config["axis"] = axes_json(constraint.axes);
  for (const auto& [name, kind] : kinds)
    if (constraint.kind == kind) return keras_object("keras.constraints", name, std::move(config));
  return nullptr;
}

ConstraintKeeper::ConstraintKeeper(const Constraint& constraint, const std::vector<std::int64_t>& shape,
                                   std::string_view weight)
    : constraint_(constraint), shape_(shape), steps_(shape.size()), norm_steps_(shape.size()) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::vector<bool> summed(shape.size(), false);
  if (constraint.kind != Kind::NonNeg)
    for (const std::int64_t axis : constraint.axes) {
      const std::int64_t from_front = axis < 0 ? axis + rank : axis;
      if (from_front < 0 || from_front >= rank)
        throw Error(ErrorKind::Model,
                    {"KAIROS-M019", "weight \"" + std::string(weight) + "\"",
                     "its constraint has an axis that the weight does not have", std::to_string(axis),
                     "an axis of the shape " + shape_text(shape), "Change the axis of the constraint"});
      summed[static_cast<std::size_t>(from_front)] = true;
    }
  std::int64_t values = 1;
  std::int64_t norms = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    steps_[i] = values;
    values *= shape[i];
    norm_steps_[i] = summed[i] ? 0 : norms;
    if (!summed[i]) norms *= shape[i];
  }
  if (constraint.kind == Kind::NonNeg) return;
  squares_.resize(static_cast<std::size_t>(norms));
  factors_.resize(static_cast<std::size_t>(norms));
}

/// Calls visit(first value, first norm) for each row along the last dimension.
template <typename Visit>
void ConstraintKeeper::for_each_row(std::size_t dimension, std::int64_t offset, std::int64_t norm,
                                    const Visit& visit) const {
  if (dimension + 1 >= shape_.size()) return visit(offset, norm);
  for (std::int64_t i = 0; i < shape_[dimension]; ++i)
    for_each_row(dimension + 1, offset + i * steps_[dimension], norm + i * norm_steps_[dimension], visit);
}

float ConstraintKeeper::factor(float norm) const {
  const auto least = static_cast<float>(constraint_.min_value);
  const auto most = static_cast<float>(constraint_.max_value);
  const auto rate = static_cast<float>(constraint_.rate);
  // Not std::clamp: a NaN must come through, whichever way it compares.
  const float clipped = norm > most ? most : (norm < least ? least : norm);
  switch (constraint_.kind) {
    case Kind::MaxNorm:
      return clipped / (epsilon + norm);
    case Kind::UnitNorm:
      return 1 / (epsilon + norm);
    case Kind::MinMaxNorm:
      return (rate * clipped + (1 - rate) * norm) / (epsilon + norm);
    case Kind::None:
    case Kind::NonNeg:
      break;
  }
  return 1;
}

void ConstraintKeeper::apply(float* values) {
  if (constraint_.none()) return;
  const std::int64_t width = shape_.empty() ? 1 : shape_.back();
  if (constraint_.kind == Kind::NonNeg) {
    for_each_row(0, 0, 0, [&](std::int64_t offset, std::int64_t) {
      for (std::int64_t i = 0; i < width; ++i) values[offset + i] *= values[offset + i] >= 0 ? 1.0F : 0.0F;
    });
    return;
  }
  const std::int64_t norm_step = shape_.empty() ? 0 : norm_steps_.back();
  std::fill(squares_.begin(), squares_.end(), 0.0);
  for_each_row(0, 0, 0, [&](std::int64_t offset, std::int64_t norm) {
    double* const squares = squares_.data() + norm;
    for (std::int64_t i = 0; i < width; ++i) {
      const auto value = static_cast<double>(values[offset + i]);
      squares[i * norm_step] += value * value;
    }
  });
  std::transform(squares_.begin(), squares_.end(), factors_.begin(),
                 [this](double square) { return factor(static_cast<float>(std::sqrt(square))); });
  for_each_row(0, 0, 0, [&](std::int64_t offset, std::int64_t norm) {
    const float* const factors = factors_.data() + norm;
    for (std::int64_t i = 0; i < width; ++i) values[offset + i] *= factors[i * norm_step];
  });
}

}  // namespace kairos::host
