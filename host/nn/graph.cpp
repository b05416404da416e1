// SPDX-License-Identifier: MIT
// Runs the layers' forward and backward passes.
#include "nn/graph.hpp"

#include <algorithm>
#include <utility>

#include "compute/activation.hpp"
#include "compute/random.hpp"
#include "compute/vector.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

void Graph::check_size(const std::string& what, const Shape& shape) const {
  std::int64_t n = 1;
  for (const std::int64_t dimension : shape)
    if (__builtin_mul_overflow(n, dimension, &n) || n > memory_limit_.total())
      throw Error(ErrorKind::Model,
                  {"KAIROS-M011", what, "the model is too large for this machine",
                   "one sample of " + shape_text(shape),
                   "at most " + std::to_string(memory_limit_.total()) + " values", "Make the model smaller"});
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
  if (overflow || all > memory_limit_.total() - std::min(largest, memory_limit_.total()))
    throw Error(
        ErrorKind::Model,
        {"KAIROS-M012", "model", "a batch is too large for this machine", std::to_string(batch) + " samples",
         "at most " + std::to_string(memory_limit_.total()) + " values between the layers",
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

namespace {

/// A layer does not know that nothing is before it but the input.
Shape build_layer(Layer& layer, const std::vector<Shape>& shapes, const BuildContext& context,
                  bool is_first) {
  try {
    return layer.build(shapes, context);
  } catch (const Error& error) {
    Diagnosis diagnosis = error.diagnosis();
    if (!is_first || diagnosis.code != "KAIROS-M008") throw;
    diagnosis.cure = "Change the shape of the input, or put a layer such as reshape before it";
    throw Error(error.kind(), diagnosis);
  }
}

}  // namespace

Graph::Value Graph::add(std::unique_ptr<Layer> layer, std::vector<Value> inputs, const CallOptions& options) {
  if (inputs.size() != 1 && !layer->takes_several_inputs())
    throw Error(ErrorKind::Model,
                {"KAIROS-M063", layer_noun(layer->name(), layer->class_name()), "it takes one input",
                 std::to_string(inputs.size()) + " inputs", "one", "Put a Concatenate or Add before it"});
  std::vector<Shape> shapes;
  bool trained_before = false;
  for (const Value input : inputs) {
    shapes.push_back(values_[input].shape);
    trained_before = trained_before || values_[input].wants_gradient;
    ++values_[input].uses;
  }
  ValueState made;
  layer->use_memory_limit(memory_limit_);
  const bool is_first = std::all_of(inputs.begin(), inputs.end(), [&](Value input) {
    return std::find(input_values_.begin(), input_values_.end(), input) != input_values_.end();
  });
  made.shape = build_layer(*layer, shapes, {engine_, joined_key(seed_, nodes_.size()), precision_}, is_first);
  check_size(layer_noun(layer->name(), layer->class_name()), made.shape);
  if (options.shares != nullptr) layer->share_weights(*options.shares);
  const std::span<Parameter> parameters = layer->parameters();
  made.wants_gradient = trained_before || std::any_of(parameters.begin(), parameters.end(),
                                                      [](const Parameter& p) { return p.trainable; });
  values_.push_back(std::move(made));
  decide_mask(*layer, inputs, values_.size() - 1);
  std::vector<std::optional<Value>> masks;
  for (const Value input : inputs) masks.push_back(visible_mask(input));
  if (layer->takes_masks_away())
    for (const Value input : inputs) values_[input].hides_mask = true;
  Node node{std::move(layer), std::move(inputs), values_.size() - 1, options, std::move(masks), {}, {}, {}};
  node.input_data.resize(node.inputs.size());
  node.input_masks.resize(node.inputs.size());
  node.input_gradients.resize(node.inputs.size());
  nodes_.push_back(std::move(node));
  return values_.size() - 1;
}

void Graph::decide_mask(const Layer& layer, std::span<const Value> inputs, Value output) {
  const bool masked =
      std::any_of(inputs.begin(), inputs.end(), [&](Value input) { return visible_mask(input).has_value(); });
  switch (layer.mask_rule(masked)) {
    case MaskRule::Stop:
      break;
    case MaskRule::Pass:
      values_[output].mask_source = visible_mask(inputs.front());
      break;
    case MaskRule::Make:
      values_[output].mask_source = output;
      break;
  }
}

void Graph::add_output(std::string name, Value value) {
  outputs_.push_back({std::move(name), values_[value].shape});
  Output& output = output_values_.emplace_back();
  output.value = value;
  output.is_duplicate = values_[value].is_output;
  values_[value].is_output = true;
}

const Graph::Node* Graph::producer(Value value) const {
  const auto node =
      std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& one) { return one.output == value; });
  return node == nodes_.end() ? nullptr : &*node;
}

const Graph::Node* Graph::source(std::size_t i) const {
  const Node* node = producer(output_values_[i].value);
  while (node != nullptr && node->layer->copies_values()) node = producer(node->inputs.front());
  return node;
}

const Activation* Graph::last_activation(std::size_t i) const {
  const Node* node = source(i);
  return node == nullptr ? nullptr : node->layer->last_activation();
}

bool Graph::learn_from_logits(std::size_t i, std::string_view activation) {
  const Node* node = source(i);
  const Activation* last = node == nullptr ? nullptr : node->layer->last_activation();
  if (last == nullptr || last->name != activation) return false;
  const Shape& made = values_[node->output].shape;
  const bool same_rows = !made.empty() && made.back() == outputs_[i].shape.back();
  if ((works_on_rows(*last) && !same_rows) || !node->layer->keep_logits()) return false;
  Output& output = output_values_[i];
  for (const Output& other : output_values_) output.is_duplicate |= other.logits_of == node->output;
  output.logits_of = node->output;
  return true;
}

const float* Graph::output_logits(std::size_t i) const {
  const std::optional<Value>& value = output_values_[i].logits_of;
  if (!value) return nullptr;
  const Node* node = producer(*value);
  return node->layer->logits(node->input_data);
}

bool Graph::needs_gradient(Value i) const {
  const ValueState& value = values_[i];
  const Node* node = producer(i);
  if (value.wants_gradient && (value.uses > 0 || (node != nullptr && node->layer->penalizes_output())))
    return true;
  return std::any_of(output_values_.begin(), output_values_.end(),
                     [&](const Output& output) { return output.value == i && !output.logits_of; });
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
    if (value.mask_source == node.output) value.mask.reserve(batch * value.shape.front());
    scratch_.resize(std::max(scratch_.size(), node.inputs.size()));
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (const ValueState& input = values_[node.inputs[i]];
          input.wants_gradient && input.uses + (input.is_output ? 1 : 0) > 1)
        scratch_[i].reserve(batch * size_of(input.shape));
  }
  for (Value i = 0; i < values_.size(); ++i)
    if (needs_gradient(i)) values_[i].gradient.reserve(batch * size_of(values_[i].shape));
  for (Output& output : output_values_) {
    if (output.is_duplicate || output.logits_of)
      gradient_sum(output).buffer.reserve(batch * size_of(values_[output.value].shape));
    if (output.is_duplicate) output.gradient.reserve(batch * size_of(values_[output.value].shape));
  }
  for (const Node& node : nodes_) node.layer->reserve(batch);
  reserved_batch_ = batch;
}

void Graph::forward(const GraphPass& pass, std::span<const float* const> inputs) {
  reserve(pass.batch);
  for (std::size_t i = 0; i < input_values_.size(); ++i) values_[input_values_[i]].data = inputs[i];
  for (Node& node : nodes_) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      node.input_data[i] = values_[node.inputs[i]].data;
      node.input_masks[i] = mask_at(node.mask_sources[i]);
    }
    ValueState& value = values_[node.output];
    float* const made_mask = value.mask_source == node.output ? value.mask.data() : nullptr;
    node.layer->forward(pass, {node.input_data, value.storage.data(), node.input_masks, made_mask});
  }
}

std::span<const float> Graph::output_of(const Node& node, std::int64_t batch) const {
  const ValueState& value = values_[node.output];
  return {value.data, static_cast<std::size_t>(batch * size_of(value.shape))};
}

bool Graph::penalizes_outputs() const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [](const Node& node) { return node.layer->penalizes_output(); });
}

void Graph::share_frozen() {
  for (const Node& node : nodes_) {
    if (node.options.shares == nullptr) continue;
    const std::span<Parameter> from = node.options.shares->parameters();
    const std::span<Parameter> to = node.layer->parameters();
    for (std::size_t i = 0; i < to.size(); ++i) to[i].frozen = from[i].frozen;
  }
}

double Graph::output_penalties(std::int64_t batch) const {
  double sum = 0;
  for (const Node& node : nodes_)
    if (node.layer->penalizes_output()) sum += node.layer->output_penalty(batch, output_of(node, batch));
  return sum;
}

void Graph::add_output_penalty_gradient(const Node& node, std::int64_t batch) {
  ValueState& value = values_[node.output];
  if (!value.wants_gradient || !node.layer->penalizes_output()) return;
  const std::span<const float> output = output_of(node, batch);
  if (!value.has_gradient) std::fill_n(value.gradient.data(), output.size(), 0.0F);
  value.has_gradient = true;
  node.layer->add_output_penalty_gradient(batch, output, value.gradient.data());
}

Graph::GradientSum Graph::gradient_sum(const Output& output) {
  if (!output.logits_of) return {values_[output.value].gradient, values_[output.value].has_gradient};
  ValueState& value = values_[*output.logits_of];
  return {value.logits_gradient, value.has_logits_gradient};
}

void Graph::begin_backward(std::int64_t batch) {
  for (ValueState& value : values_) value.has_gradient = value.has_logits_gradient = false;
  for (const Output& output : output_values_)
    if (!output.ignored && !output.is_duplicate) gradient_sum(output).begun = true;
  for (Output& output : output_values_) {
    if (output.ignored || !output.is_duplicate) continue;
    const GradientSum sum = gradient_sum(output);
    const std::int64_t n = batch * size_of(values_[output.value].shape);
    if (sum.begun)
      add_to(n, output.gradient.data(), sum.buffer.data());
    else
      std::copy_n(output.gradient.data(), n, sum.buffer.data());
    sum.begun = true;
  }
}

void Graph::backward(const GraphPass& pass) {
  begin_backward(pass.batch);
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    add_output_penalty_gradient(node, pass.batch);
    const ValueState& value = values_[node.output];
    if (value.wants_gradient && (value.has_gradient || value.has_logits_gradient)) {
      backward(pass, node);
      continue;
    }
    // No loss depends on these weights, but a penalty may be added to their gradients.
    for (Parameter& parameter : node.layer->parameters())
      if (parameter.trainable) std::fill_n(parameter.gradient.data(), parameter.size(), 0.0F);
  }
  sum_shared_gradients();
}

void Graph::backward(const GraphPass& pass, Node& node) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    ValueState& value = values_[node.inputs[i]];
    node.input_data[i] = value.data;
    node.input_masks[i] = mask_at(node.mask_sources[i]);
    node.input_gradients[i] = !value.wants_gradient ? nullptr
                              : value.has_gradient  ? scratch_[i].data()
                                                    : value.gradient.data();
    value.has_gradient = true;  // because the next input may be the same value
  }
  ValueState& output = values_[node.output];
  node.layer->backward(pass,
                       {node.input_data, output.data, output.has_gradient ? output.gradient.data() : nullptr,
                        node.input_gradients, node.input_masks,
                        output.has_logits_gradient ? output.logits_gradient.data() : nullptr});
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    ValueState& value = values_[node.inputs[i]];
    if (value.wants_gradient && node.input_gradients[i] == scratch_[i].data())
      add_to(pass.batch * size_of(value.shape), scratch_[i].data(), value.gradient.data());
  }
}

void Graph::sum_shared_gradients() {
  for (const Node& node : nodes_) {
    if (node.options.shares == nullptr) continue;
    const std::span<Parameter> from = node.layer->parameters();
    const std::span<Parameter> to = node.options.shares->parameters();
    for (std::size_t i = 0; i < to.size(); ++i)
      if (to[i].trainable) add_to(to[i].size(), from[i].gradient.data(), to[i].gradient.data());
  }
}

}  // namespace kairos::host
