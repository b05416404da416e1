// SPDX-License-Identifier: MIT
// Writes an architecture like Keras 3's model.to_json().
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/architecture.hpp"
#include "nn/keras/call_signature.hpp"
#include "nn/keras/dtype_policy.hpp"
#include "nn/keras/object.hpp"
#include "nn/layers/application_layers.hpp"

namespace kairos::host {

namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson batch_shape(const Shape& shape) {
  OrderedJson list = OrderedJson::array({nullptr});
  for (const std::int64_t dimension : shape)
    list.push_back(dimension == -1 ? OrderedJson() : OrderedJson(dimension));
  return list;
}

OrderedJson input_layer(const ArchitectureLayer& input) {
  OrderedJson shape = batch_shape(*input.input_shape);
  if (input.input_batch > 0) shape.front() = input.input_batch;
  return {{"module", "keras.layers"},
          {"class_name", "InputLayer"},
          {"config",
           {{"batch_shape", std::move(shape)},
            {"dtype", input.input_dtype},
            {"sparse", false},
            {"ragged", false},
            {"name", input.name},
            {"optional", false}}},
          {"registered_name", nullptr}};
}

/// A single value, a list or an object.
template <typename Text>
OrderedJson group_json(const ValueGroup& group, const Text& text) {
  if (group.grouping == Grouping::Single) return text(group.values.front());
  OrderedJson json = group.grouping == Grouping::List ? OrderedJson::array() : OrderedJson::object();
  for (std::size_t i = 0; i < group.values.size(); ++i) {
    if (group.grouping == Grouping::List)
      json.push_back(text(group.values[i]));
    else
      json[group.names[i]] = text(group.values[i]);
  }
  return json;
}

OrderedJson tensor_json(const Architecture& model, const ValueSource& source, const char* dtype = "float32") {
  const ArchitectureLayer& from = model.layers[source.layer];
  const std::string type = from.is_input() ? from.input_dtype : dtype;
  const Shape& shape = from.is_input() ? *from.input_shape : from.call_outputs[source.call][source.output];
  return {{"class_name", "__keras_tensor__"},
          {"config",
           {{"shape", batch_shape(shape)},
            {"dtype", type},
            {"keras_history", OrderedJson::array({from.name, source.call, source.output})}}}};
}

/// The tensors of an argument, the first of which is `next`; moves `next` behind them.
OrderedJson argument_json(const Architecture& model, const TensorArgument& argument,
                          std::vector<ValueSource>::const_iterator& next) {
  const char* const dtype = argument.name.ends_with("mask") ? "bool" : "float32";
  OrderedJson list = OrderedJson::array();
  for (const bool given : argument.given) {
    list.push_back(nullptr);
    if (given) list.back() = tensor_json(model, *next++, dtype);
  }
  return argument.is_list ? list : list.front();
}

OrderedJson call_json(const Architecture& model, const LayerCall& call) {
  const auto tensor = [&](const ValueSource& source) { return tensor_json(model, source); };
  OrderedJson named = OrderedJson::object();
  if (call.training) named["training"] = *call.training;
  for (const std::string& flag : call.flags) named[flag] = true;
  ValueGroup inputs = call.inputs;
  inputs.values.resize(call.input_count());
  auto next = call.inputs.values.begin() + static_cast<std::ptrdiff_t>(inputs.values.size());
  for (const TensorArgument& argument : call.tensors)
    named[argument.name] = argument_json(model, argument, next);
  const OrderedJson args = group_json(inputs, tensor);
  return {{"args", call.separate ? args : OrderedJson::array({args})}, {"kwargs", std::move(named)}};
}

/// The arguments as they were read, with current tensors.
OrderedJson operation_call_json(const Architecture& model, const OperationText& text, const LayerCall& call) {
  OrderedJson args = OrderedJson::parse(text.args);
  std::size_t next = 0;
  const auto renew = [&](OrderedJson& arg, const auto& self) -> void {
    if (arg.is_object() && arg.contains("class_name") && arg["class_name"] == "__keras_tensor__")
      arg = tensor_json(model, call.inputs.values[next++]);
    else if (arg.is_structured())
      for (OrderedJson& one : arg) self(one, self);
  };
  renew(args, renew);
  return {{"args", std::move(args)}, {"kwargs", OrderedJson::parse(text.kwargs)}};
}

/// For input_layers and output_layers.
OrderedJson references(const Architecture& model, const ValueGroup& group) {
  return group_json(group, [&](const ValueSource& source) {
    const ArchitectureLayer& from = model.layers[source.layer];
    // Only here does the definition of a Functional model count as call 0.
    const bool counts_from_one = from.model && from.model->kind == Architecture::Kind::Functional;
    return OrderedJson::array({from.name, source.call + (counts_from_one ? 1 : 0), source.output});
  });
}

OrderedJson shapes_json(const std::vector<Shape>& shapes, std::size_t first, std::size_t count) {
  OrderedJson list = OrderedJson::array();
  for (std::size_t i = 0; i < count; ++i) list.push_back(batch_shape(shapes[first + i]));
  return list;
}

/// {"input_shape"}, or the shapes by the names of the arguments of the layer's `build` if these are several.
OrderedJson build_config(const ArchitectureLayer& layer) {
  const LayerCall& call = layer.calls.front();
  const std::vector<Shape>& shapes = layer.call_inputs.front();
  const std::size_t inputs = call.input_count();
  const CallSignature& signature = call_signature(layer.class_name, false);
  OrderedJson named = OrderedJson::object();
  if (call.separate)
    for (std::size_t i = 0; i < inputs; ++i)
      named[std::string(signature.names[i]) + "_shape"] = batch_shape(shapes[i]);
  else if (shapes.size() > inputs)
    named[std::string(signature.names.front()) + "_shape"] = batch_shape(shapes.front());
  std::size_t next = inputs;
  for (const TensorArgument& argument : call.tensors)
    if (argument.name == "initial_state") {
      named[argument.name + "_shape"] = shapes_json(shapes, next, argument.count());
      next += argument.count();
    }
  if (!named.empty()) return {{"shapes_dict", std::move(named)}};
  if (call.inputs.grouping == Grouping::Single) return {{"input_shape", batch_shape(shapes.front())}};
  return {{"input_shape", shapes_json(shapes, 0, inputs)}};
}

OrderedJson model_json(const Architecture& model);

OrderedJson layer_json(const ArchitectureLayer& layer) {
  if (layer.is_input()) return input_layer(layer);
  if (layer.model) return model_json(*layer.model);
  if (layer.operation)
    return {{"module", layer.operation->module},
            {"class_name", layer.class_name},
            {"config", OrderedJson::parse(layer.operation->config)},
            {"registered_name", layer.class_name}};
  const Layer& first = *layer.instances.front();
  const std::string_view module = application_module(layer.class_name);
  return {{"module", module.empty() ? "keras.layers" : module},
          {"class_name", layer.class_name},
          {"config", first.config()},
          {"registered_name", module.empty() ? OrderedJson() : OrderedJson(layer.class_name)},
          {"build_config", build_config(layer)}};
}

OrderedJson sequential_json(const Architecture& model) {
  OrderedJson layers = OrderedJson::array();
  for (const ArchitectureLayer& layer : model.layers) layers.push_back(layer_json(layer));
  const OrderedJson shape = batch_shape(*model.layers.front().input_shape);
  return {{"module", "keras"},
          {"class_name", "Sequential"},
          {"config",
           {{"name", model.name},
            {"trainable", model.trainable},
            {"dtype", float32_policy_json()},
            {"layers", std::move(layers)},
            {"build_input_shape", shape}}},
          {"registered_name", nullptr},
          {"build_config", {{"input_shape", shape}}}};
}

OrderedJson functional_json(const Architecture& model) {
  OrderedJson layers = OrderedJson::array();
  for (const ArchitectureLayer& layer : model.layers) {
    OrderedJson json = layer_json(layer);
    json["name"] = layer.name;
    OrderedJson& calls = json["inbound_nodes"] = OrderedJson::array();
    for (const LayerCall& call : layer.calls)
      calls.push_back(layer.operation ? operation_call_json(model, *layer.operation, call)
                                      : call_json(model, call));
    layers.push_back(std::move(json));
  }
  return {{"module", "keras.src.models.functional"},
          {"class_name", "Functional"},
          {"config",
           {{"name", model.name},
            {"trainable", model.trainable},
            {"layers", std::move(layers)},
            {"input_layers", references(model, model.inputs)},
            {"output_layers", references(model, model.outputs)}}},
          {"registered_name", "Functional"},
          {"build_config", {{"input_shape", nullptr}}}};
}

OrderedJson model_json(const Architecture& model) {
  return model.kind == Architecture::Kind::Sequential ? sequential_json(model) : functional_json(model);
}

}  // namespace

std::string write_keras_json(const Architecture& built) {
  return model_json(built).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace kairos::host
