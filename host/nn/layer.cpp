// SPDX-License-Identifier: MIT
// The common part of all layers.
#include "nn/layer.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"
#include "nn/keras/dtype_policy.hpp"

namespace kairos::host {

namespace {
/// A weight of more than 8 GiB indicates a mistake in the architecture.
constexpr std::int64_t max_values = std::int64_t{1} << 31;
}  // namespace

std::int64_t size_of(const Shape& shape) noexcept {
  std::int64_t n = 1;
  for (const std::int64_t dimension : shape) n *= dimension;
  return n;
}

std::string layer_noun(std::string_view name, std::string_view class_name) {
  return "layer \"" + std::string(name) + "\" (" + std::string(class_name) + ")";
}

Layer::Layer(ConfigReader& config, std::string class_name)
    : name_(config.text("name", "")),
      class_name_(std::move(class_name)),
      trainable_(config.boolean("trainable", true)),
      activity_regularizer_(read_regularizer(config, "activity_regularizer")) {
  require_float32(config, "dtype");
  if (name_.empty() || name_.find('/') != std::string::npos) config.bad_value("name", "a name without \"/\"");
}

Parameter& Layer::add_parameter(std::string name, Shape shape) {
  return append(std::move(name), std::move(shape), Parameter::Kind::Weight);
}

Parameter& Layer::add_state(std::string name, Shape shape) {
  return append(std::move(name), std::move(shape), Parameter::Kind::State);
}

Parameter& Layer::append(std::string name, Shape shape, Parameter::Kind kind) {
  std::int64_t n = 1;
  for (const std::int64_t dimension : shape)
    if (__builtin_mul_overflow(n, dimension, &n) || n > max_values)
      throw Error(
          ErrorKind::Model,
          {"KAIROS-M018", layer_noun(name_, class_name_), "the weight \"" + name + "\" is too large",
           shape_text(shape), "at most " + std::to_string(max_values) + " values", "Make the layer smaller"});
  const bool trained = trainable_ && kind == Parameter::Kind::Weight;
  if (const std::int64_t values = trained ? 2 * n : n;
      memory_limit_ != nullptr && !memory_limit_->take(values))
    throw Error(ErrorKind::Model,
                {"KAIROS-M011", layer_noun(name_, class_name_), "the model is too large for this machine",
                 "weight \"" + name + "\" of " + shape_text(shape),
                 "at most " + std::to_string(memory_limit_->total()) + " values, gradients included",
                 "Make the model smaller"});
  Parameter parameter;
  parameter.name = std::move(name);
  parameter.shape = std::move(shape);
  parameter.kind = kind;
  parameter.trainable = trained;
  parameter.values.reserve(n);
  if (parameter.trainable) parameter.gradient.reserve(n);
  return parameters_.emplace_back(std::move(parameter));
}

void Layer::adopt_parameters(std::span<const std::unique_ptr<Layer>> inner) {
  std::size_t count = 0;
  for (const std::unique_ptr<Layer>& layer : inner) count += layer->parameters_.size();
  parameters_.reserve(count);  // the spans below must stay valid
  for (const std::unique_ptr<Layer>& layer : inner) {
    const std::size_t first = parameters_.size();
    for (Parameter& parameter : layer->parameters_) {
      parameter.name = layer->name() + "/" + parameter.name;
      parameters_.push_back(std::move(parameter));
    }
    layer->parameters_.clear();
    layer->external_parameters_ = std::span(parameters_).subspan(first);
  }
}

void Layer::share_weights(Layer& first) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& original = first.parameters_[i];
    if (parameters_[i].shape != original.shape)
      throw Error(ErrorKind::Model,
                  {"KAIROS-M065", layer_noun(name_, class_name_), "two of its calls need different weights",
                   "\"" + original.name + "\" of shape " + shape_text(parameters_[i].shape),
                   shape_text(original.shape), "Call it with inputs of the same shape"});
    parameters_[i].values.borrow(original.values);
  }
}

void Layer::refuse_shape(const Shape& found, const std::string& expected) const {
  throw Error(ErrorKind::Model,
              {"KAIROS-M008", layer_noun(name_, class_name_), "the input shape is not supported",
               "shape " + shape_text(found), expected, "Change the layer before it"});
}

nlohmann::json Layer::config() const {
  nlohmann::json config{{"name", name_}, {"trainable", trainable_}, {"dtype", float32_policy_json()}};
  if (!activity_regularizer_.none()) config["activity_regularizer"] = regularizer_json(activity_regularizer_);
  write_config(config);
  return config;
}

}  // namespace kairos::host
