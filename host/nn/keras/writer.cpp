// SPDX-License-Identifier: MIT
// Writes an architecture like Keras 3's model.to_json().
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/architecture.hpp"
#include "nn/keras/dtype_policy.hpp"
#include "nn/keras/object.hpp"

namespace kairos::host {

namespace {

using Json = nlohmann::ordered_json;

Json batch_shape(const Shape& shape) {
  Json list = Json::array({nullptr});
  for (const std::int64_t dimension : shape) list.push_back(dimension == -1 ? Json() : Json(dimension));
  return list;
}

Json input_layer(const ArchitectureLayer& input) {
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
Json group_json(const ValueGroup& group, const Text& text) {
  if (group.grouping == Grouping::Single) return text(group.values.front());
  Json json = group.grouping == Grouping::List ? Json::array() : Json::object();
  for (std::size_t i = 0; i < group.values.size(); ++i) {
    if (group.grouping == Grouping::List)
      json.push_back(text(group.values[i]));
    else
      json[group.names[i]] = text(group.values[i]);
  }
  return json;
}

Json tensor_json(const Architecture& model, const ValueSource& source, const char* dtype = "float32") {
  const ArchitectureLayer& from = model.layers[source.layer];
  const Shape& shape = from.is_input() ? *from.input_shape : from.call_outputs[source.call][source.output];
  return {{"class_name", "__keras_tensor__"},
          {"config",
           {{"shape", batch_shape(shape)},
            {"dtype", dtype},
            {"keras_history", Json::array({from.name, source.call, source.output})}}}};
}

Json call_json(const Architecture& model, const LayerCall& call) {
  const auto tensor = [&](const ValueSource& source) { return tensor_json(model, source); };
  Json arguments = Json::object();
  if (call.training) arguments["training"] = *call.training;
  if (call.masked) arguments["mask"] = tensor_json(model, call.inputs.values.back(), "bool");
  return {{"args", Json::array({group_json(call.inputs, tensor)})}, {"kwargs", std::move(arguments)}};
}

/// The arguments as they were read, with current tensors.
Json operation_call_json(const Architecture& model, const OperationText& text, const LayerCall& call) {
  Json args = Json::parse(text.args);
  std::size_t next = 0;
  const auto renew = [&](Json& arg) {
    if (arg.is_object()) arg = tensor_json(model, call.inputs.values[next++]);
  };
  for (Json& arg : args) {
    renew(arg);
    if (arg.is_array())
      for (Json& one : arg) renew(one);
  }
  return {{"args", std::move(args)}, {"kwargs", Json::parse(text.kwargs)}};
}

/// For input_layers and output_layers.
Json references(const Architecture& model, const ValueGroup& group) {
  return group_json(group, [&](const ValueSource& source) {
    const ArchitectureLayer& from = model.layers[source.layer];
    // Only here does the definition of a Functional model count as call 0.
    const bool counts_from_one = from.model && from.model->kind == Architecture::Kind::Functional;
    return Json::array({from.name, source.call + (counts_from_one ? 1 : 0), source.output});
  });
}

Json build_shape(const ArchitectureLayer& layer) {
  if (layer.calls.front().inputs.grouping == Grouping::Single)
    return batch_shape(layer.call_inputs.front().front());
  Json list = Json::array();
  for (const Shape& shape : layer.call_inputs.front()) list.push_back(batch_shape(shape));
  return list;
}

Json model_json(const Architecture& model);

Json layer_json(const ArchitectureLayer& layer) {
  if (layer.is_input()) return input_layer(layer);
  if (layer.model) return model_json(*layer.model);
  if (layer.operation)
    return {{"module", layer.operation->module},
            {"class_name", layer.class_name},
            {"config", Json::parse(layer.operation->config)},
            {"registered_name", layer.class_name}};
  const Layer& first = *layer.instances.front();
  return {{"module", "keras.layers"},
          {"class_name", layer.class_name},
          {"config", first.config()},
          {"registered_name", nullptr},
          {"build_config", {{"input_shape", build_shape(layer)}}}};
}

Json sequential_json(const Architecture& model) {
  Json layers = Json::array();
  for (const ArchitectureLayer& layer : model.layers) layers.push_back(layer_json(layer));
  const Json shape = batch_shape(*model.layers.front().input_shape);
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

Json functional_json(const Architecture& model) {
  Json layers = Json::array();
  for (const ArchitectureLayer& layer : model.layers) {
    Json json = layer_json(layer);
    json["name"] = layer.name;
    Json& calls = json["inbound_nodes"] = Json::array();
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

Json model_json(const Architecture& model) {
  return model.kind == Architecture::Kind::Sequential ? sequential_json(model) : functional_json(model);
}

}  // namespace

std::string write_keras_json(const Architecture& built) {
  return model_json(built).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kairos::host
