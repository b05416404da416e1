// SPDX-License-Identifier: MIT
// Constraints: Keras JSON, and norms over any axes.
#include "nn/constraint.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
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
    : constraint_(constraint), width_(shape.empty() ? 1 : shape.back()), rows_{0} {
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
  std::int64_t norms = 1;
  std::vector<std::int64_t> steps(shape.size());  // from one norm to the next, for each dimension
  for (std::size_t i = shape.size(); i-- > 0;) {
    steps[i] = summed[i] ? 0 : norms;
    if (!summed[i]) norms *= shape[i];
  }
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) {
    std::vector<std::int64_t> rows;
    for (const std::int64_t row : rows_)
      for (std::int64_t k = 0; k < shape[i]; ++k) rows.push_back(row + k * steps[i]);
    rows_ = std::move(rows);
  }
  norms_per_row_ = shape.empty() || summed.back() ? 1 : width_;
  if (constraint.kind == Kind::NonNeg) return;
  squares_.resize(static_cast<std::size_t>(norms));
  factors_.resize(static_cast<std::size_t>(norms));
}

float ConstraintKeeper::factor(float norm) const {
  const auto least = static_cast<float>(constraint_.min_value);
  const auto most = static_cast<float>(constraint_.max_value);
  const auto rate = static_cast<float>(constraint_.rate);
  // Not std::clamp: NaN has to stay NaN.
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
  using Rows = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<Rows> weight(values, std::ssize(rows_), width_);
  if (constraint_.kind == Kind::NonNeg) {
    weight *= (weight >= 0).cast<float>();  // not max(): NaN has to stay NaN
    return;
  }
  Eigen::Map<Eigen::RowVectorXd> squares(squares_.data(), std::ssize(squares_));
  squares.setZero();
  for (Eigen::Index row = 0; row < weight.rows(); ++row) {
    const auto square = weight.row(row).cast<double>().square();
    auto norms = squares.segment(rows_[static_cast<std::size_t>(row)], norms_per_row_).array();
    if (norms_per_row_ == 1)
      norms += square.sum();
    else
      norms += square;
  }
  std::transform(squares_.begin(), squares_.end(), factors_.begin(),
                 [this](double square) { return factor(static_cast<float>(std::sqrt(square))); });
  const Eigen::Map<const Eigen::RowVectorXf> all(factors_.data(), std::ssize(factors_));
  for (Eigen::Index row = 0; row < weight.rows(); ++row) {
    const auto factors = all.segment(rows_[static_cast<std::size_t>(row)], norms_per_row_).array();
    if (norms_per_row_ == 1)
      weight.row(row) *= factors(0);
    else
      weight.row(row) *= factors;
  }
}

}  // namespace kairos::host
