// SPDX-License-Identifier: MIT
// Operations of keras.ops that copy the values of a sample into another shape.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "kairos/host/array.hpp"
#include "nn/layers/copying_layer.hpp"
#include "nn/layers/operation_layer.hpp"

namespace kairos::host {

std::vector<std::int64_t> read_integers(ConfigReader& config, std::string_view key) {
  const nlohmann::json* value = config.take(key);
  if (value == nullptr) return {};
  if (value->is_object() && value->value("class_name", "") == "__tuple__" && value->contains("items"))
    value = &value->at("items");
  const nlohmann::json list = value->is_array() ? *value : nlohmann::json::array({*value});
  std::vector<std::int64_t> integers;
  constexpr std::int64_t largest = 2147483647;
  for (const nlohmann::json& one : list) {
    if (!one.is_number_integer() || one < -largest || one > largest)
      config.bad_value(key, "an integer, or a list of integers");
    integers.push_back(one.get<std::int64_t>());
  }
  return integers;
}

std::int64_t sample_axis(std::int64_t axis, std::size_t sample_rank) {
  const auto rank = static_cast<std::int64_t>(sample_rank);
  const std::int64_t at = axis < 0 ? rank + axis : axis - 1;
  return at < 0 || at >= rank ? -1 : at;
}

namespace {

/// Keeps the order of the values.
class ShapeOperation : public Copying<OperationLayer> {
 public:
  using Copying::Copying;

  Shape build(std::span<const Shape> inputs, const BuildContext&) final {
    size_ = size_of(inputs.front());
    return new_shape(inputs.front());
  }

 protected:
  [[nodiscard]] virtual Shape new_shape(Shape shape) const = 0;
};

/// Inserts a dimension of size 1.
class ExpandDims final : public ShapeOperation {
 public:
  ExpandDims(ConfigReader& config, std::string_view class_name)
      : ShapeOperation(config, class_name), axis_(config.required_integer("axis", {-8, 8})) {
    if (axis_ == 0) config.bad_value("axis", "an axis after the batch");
  }

 protected:
  [[nodiscard]] Shape new_shape(Shape shape) const override {
    const std::int64_t at = sample_axis(axis_, shape.size() + 1);
    if (at < 0) refuse_shape(shape, "samples with an axis " + std::to_string(axis_));
    shape.insert(shape.begin() + at, 1);
    return shape;
  }

 private:
  std::int64_t axis_;
};

/// Removes dimensions of size 1: the given ones, or all.
class Squeeze final : public ShapeOperation {
 public:
  Squeeze(ConfigReader& config, std::string_view class_name)
      : ShapeOperation(config, class_name), axes_(read_integers(config, "axis")) {}

 protected:
  [[nodiscard]] Shape new_shape(Shape shape) const override {
    std::vector<char> removed(shape.size(), 0);
    for (std::size_t i = 0; i < shape.size(); ++i) removed[i] = axes_.empty() && shape[i] == 1 ? 1 : 0;
    for (const std::int64_t axis : axes_) {
      const std::int64_t at = sample_axis(axis, shape.size());
      if (at < 0 || shape[static_cast<std::size_t>(at)] != 1)
        refuse_shape(shape, "size 1 along axis " + std::to_string(axis));
      removed[static_cast<std::size_t>(at)] = 1;
    }
    Shape left;
    for (std::size_t i = 0; i < shape.size(); ++i)
      if (removed[i] == 0) left.push_back(shape[i]);
    return left;
  }

 private:
  std::vector<std::int64_t> axes_;
};

/// The first dimension of the new shape is the batch: -1, or whatever leaves the sample its values.
class ReshapeOperation final : public ShapeOperation {
 public:
  ReshapeOperation(ConfigReader& config, std::string_view class_name)
      : ShapeOperation(config, class_name), target_(read_integers(config, "newshape")) {
    const auto open = [](std::int64_t dimension) { return dimension < 1; };
    if (target_.empty() || std::count_if(target_.begin() + 1, target_.end(), open) > 1 ||
        std::any_of(target_.begin(), target_.end(), [](std::int64_t d) { return d < -1 || d == 0; }))
      config.bad_value("newshape", "the batch and positive integers, with one -1");
  }

 protected:
  [[nodiscard]] Shape new_shape(Shape shape) const override {
    Shape made(target_.begin() + 1, target_.end());
    std::int64_t left = size_of(shape);
    const auto open = std::find(made.begin(), made.end(), -1);
    for (const std::int64_t dimension : made) {
      if (dimension == -1) continue;
      if (left % dimension != 0) refuse(shape);
      left /= dimension;
    }
    if (open != made.end())
      *open = left;
    else if (left != 1)
      refuse(shape);
    return made;
  }

 private:
  [[noreturn]] void refuse(const Shape& shape) const {
    refuse_shape(shape,
                 "as many values per sample as newshape " + shape_text(target_) + " holds after the batch");
  }

  Shape target_;
};

/// Operations that change nothing here, because all values are float32.
class SameValues final : public ShapeOperation {
 public:
  SameValues(ConfigReader& config, std::string_view class_name) : ShapeOperation(config, class_name) {
    const std::string dtype = config.text("dtype", "float32");
    if (class_name == "Cast" && dtype != "float32" && dtype != "float64")
      config.bad_value("dtype", "float32, because all values are float32");
  }

 protected:
  [[nodiscard]] Shape new_shape(Shape shape) const override { return shape; }
};

template <typename Operation>
std::unique_ptr<Layer> make_shape_operation(std::string_view class_name, ConfigReader& config,
                                            const std::vector<OperationArgument>& arguments) {
  require_arguments(config, class_name, arguments, 1, false);
  return std::make_unique<Operation>(config, class_name);
}

}  // namespace

std::vector<OperationType> shape_operations() {
  return {{"ExpandDims", make_shape_operation<ExpandDims>},
          {"Squeeze", make_shape_operation<Squeeze>},
          {"Reshape", make_shape_operation<ReshapeOperation>},
          {"Cast", make_shape_operation<SameValues>},
          {"Copy", make_shape_operation<SameValues>}};
}

}  // namespace kairos::host
