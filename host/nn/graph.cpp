// SPDX-License-Identifier: MIT
// Walks through the layers, forwards and back.
#include "nn/graph.hpp"

#include <algorithm>
#include <utility>

#include "compute/random.hpp"
#include "compute/vector.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

void Graph::check_size(const std::string& what, const Shape& shape) const {
  std::int64_t n = 1;
  for (const std::int64_t dimension : shape)
    if (__builtin_mul_overflow(n, dimension, &n) || n > budget_.all())
      throw Error(ErrorKind::Model,
                  {"KAIROS-M011", what, "the model is too large for this machine",
                   "one sample of " + shape_text(shape),
                   "at most " + std::to_string(budget_.all()) + " values", "Make the model smaller"});
}

void Graph::check_batch(std::int64_t batch) const {
  std::int64_t all = 0, largest = 0;
  bool overflow = false;
  for (const ValueState& value : values_) {
    std::int64_t n = 0;
    overflow |= __builtin_mul_overflow(size_of(value.shape), batch, &n);
    overflow |= __builtin_add_overflow(all, n, &all);
    if (value.wants_gradient || value.is_output) overflow |= __builtin_add_overflow(all, n, &all);
    largest = std::max(largest, n);
  }
  if (overflow || all > budget_.all() - std::min(largest, budget_.all()))
    throw Error(ErrorKind::Model, {"KAIROS-M012", "model", "a batch is too large for this machine",
                                   std::to_string(batch) + " samples",
                                   "at most " + std::to_string(budget_.all()) + " values between the layers",
                                   "Choose a smaller batch size"});
}

Graph::Value Graph::add_input(std::string name, Shape shape, std::string dtype) {
  check_size("input \"" + name + "\"", shape);
  inputs_.push_back({std::move(name), shape});
  input_dtypes_.push_back(std::move(dtype));
  input_values_.push_back(values_.size());
  values_.emplace_back().shape = std::move(shape);
  return values_.size() - 1;
}

Graph::Value Graph::add(std::unique_ptr<Layer> layer, std::vector<Value> inputs) {
  std::vector<Shape> shapes;
  bool trained_before = false;
  for (const Value input : inputs) {
    shapes.push_back(values_[input].shape);
    trained_before = trained_before || values_[input].wants_gradient;
  }
  ValueState made;
  layer->draw_from(budget_);
  made.shape = layer->build(shapes, {engine_, joined_key(seed_, nodes_.size())});
  check_size(layer_noun(layer->name(), layer->class_name()), made.shape);
  const std::span<Parameter> parameters = layer->parameters();
  made.wants_gradient = trained_before || std::any_of(parameters.begin(), parameters.end(),
                                                      [](const Parameter& p) { return p.trainable; });
  values_.push_back(std::move(made));
  decide_mask(*layer, inputs, values_.size() - 1);
  Node node{std::move(layer), std::move(inputs), values_.size() - 1, {}, {}, {}};
  node.input_data.resize(node.inputs.size());
  node.input_masks.resize(node.inputs.size());
  node.input_gradients.resize(node.inputs.size());
  nodes_.push_back(std::move(node));
  return values_.size() - 1;
}

void Graph::decide_mask(const Layer& layer, std::span<const Value> inputs, Value output) {
  const bool masked = std::any_of(inputs.begin(), inputs.end(),
                                  [&](Value input) { return values_[input].masked_as.has_value(); });
  switch (layer.mask_rule(masked)) {
    case MaskRule::Stop:
      break;
    case MaskRule::Pass:
      values_[output].masked_as = values_[inputs.front()].masked_as;
      break;
    case MaskRule::Make:
      values_[output].masked_as = output;
      break;
  }
}

void Graph::add_output(std::string name, Value value) {
  outputs_.push_back({std::move(name), values_[value].shape});
  output_values_.push_back(value);
  values_[value].is_output = true;
}

std::string Graph::input_fault(std::size_t i, const float* sample) const {
  for (const Node& node : nodes_)
    if (node.inputs.front() == input_values_[i])
      if (const std::string fault = node.layer->input_fault(sample); !fault.empty())
        return layer_noun(node.layer->name(), node.layer->class_name()) + ": " + fault;
  return "";
}

void Graph::reserve(std::int64_t batch) {
  if (batch <= reserved_batch_) return;
  check_batch(batch);
  for (const Node& node : nodes_) {
    ValueState& value = values_[node.output];
    value.storage.reserve(batch * size_of(value.shape));
    value.data = value.storage.data();
    if (value.masked_as == node.output) value.mask.reserve(batch * value.shape.front());
    if (!value.wants_gradient && !value.is_output) continue;
    value.gradient.reserve(batch * size_of(value.shape));
    scratch_.reserve(batch * size_of(value.shape));
  }
  for (const Node& node : nodes_) node.layer->reserve(batch);
  reserved_batch_ = batch;
}

void Graph::forward(const Pass& pass, std::span<const float* const> inputs) {
  reserve(pass.batch);
  for (std::size_t i = 0; i < input_values_.size(); ++i) values_[input_values_[i]].data = inputs[i];
  for (Node& node : nodes_) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      node.input_data[i] = values_[node.inputs[i]].data;
      node.input_masks[i] = mask_of(node.inputs[i]);
    }
    ValueState& value = values_[node.output];
    float* const made_mask = value.masked_as == node.output ? value.mask.data() : nullptr;
    node.layer->forward(pass, {node.input_data, value.storage.data(), node.input_masks, made_mask});
  }
}

void Graph::backward(const Pass& pass) {
  for (ValueState& value : values_) value.has_gradient = value.is_output;
  for (std::size_t i = nodes_.size(); i-- > 0;)
    if (const ValueState& value = values_[nodes_[i].output]; value.wants_gradient && value.has_gradient)
      backward(pass, nodes_[i]);
}

void Graph::backward(const Pass& pass, Node& node) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    ValueState& value = values_[node.inputs[i]];
    node.input_data[i] = value.data;
    // One scratch is enough for layers of one input; a layer of several gets one when there is such a layer.
    node.input_gradients[i] = !value.wants_gradient ? nullptr
                              : value.has_gradient  ? scratch_.data()
                                                    : value.gradient.data();
  }
  ValueState& output = values_[node.output];
  node.layer->backward(
      pass, {node.input_data, output.data, output.gradient.data(), node.input_gradients, node.input_masks});
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    ValueState& value = values_[node.inputs[i]];
    if (!value.wants_gradient) continue;
    if (value.has_gradient) add_to(pass.batch * size_of(value.shape), scratch_.data(), value.gradient.data());
    value.has_gradient = true;
  }
}

}  // namespace kairos::host
