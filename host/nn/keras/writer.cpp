// SPDX-License-Identifier: MIT
// Writes an architecture like Keras 3's model.to_json().
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/architecture.hpp"
#include "nn/keras/dtype_policy.hpp"
#include "nn/keras/object.hpp"

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
  return {{"module", "keras.layers"},
          {"class_name", "InputLayer"},
          {"config",
           {{"batch_shape", batch_shape(*input.input_shape)},
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
  const Shape& shape = from.is_input() ? *from.input_shape : from.call_outputs[source.call][source.output];
  return {{"class_name", "__keras_tensor__"},
          {"config",
           {{"shape", batch_shape(shape)},
            {"dtype", dtype},
            {"keras_history", OrderedJson::array({from.name, source.call, source.output})}}}};
}

OrderedJson call_json(const Architecture& model, const LayerCall& call) {
  const auto tensor = [&](const ValueSource& source) { return tensor_json(model, source); };
  OrderedJson arguments = OrderedJson::object();
  if (call.training) arguments["training"] = *call.training;
  if (call.masked) arguments["mask"] = tensor_json(model, call.inputs.values.back(), "bool");
  return {{"args", OrderedJson::array({group_json(call.inputs, tensor)})}, {"kwargs", std::move(arguments)}};
}

/// The arguments as they were read, with current tensors.
OrderedJson operation_call_json(const Architecture& model, const OperationText& text, const LayerCall& call) {
  OrderedJson args = OrderedJson::parse(text.args);
  std::size_t next = 0;
  const auto renew = [&](OrderedJson& arg) {
    if (arg.is_object()) arg = tensor_json(model, call.inputs.values[next++]);
  };
  for (OrderedJson& arg : args) {
    renew(arg);
    if (arg.is_array())
      for (OrderedJson& one : arg) renew(one);
  }
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

OrderedJson build_shape(const ArchitectureLayer& layer) {
  if (layer.calls.front().inputs.grouping == Grouping::Single)
    return batch_shape(layer.call_inputs.front().front());
  OrderedJson list = OrderedJson::array();
  for (const Shape& shape : layer.call_inputs.front()) list.push_back(batch_shape(shape));
  return list;
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
  return {{"module", "keras.layers"},
          {"class_name", layer.class_name},
          {"config", first.config()},
          {"registered_name", nullptr},
          {"build_config", {{"input_shape", build_shape(layer)}}}};
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
