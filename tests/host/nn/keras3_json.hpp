// SPDX-License-Identifier: MIT
// Writes Functional models in the JSON of Keras 3, with arguments of calls.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "nn/architecture.hpp"
#include "nn/graph.hpp"

namespace kairos::tests::keras3 {

using Json = nlohmann::json;

/// An output of the first call of a layer.
inline Json value(const std::string& layer, int output = 0) {
  return {{"class_name", "__keras_tensor__"},
          {"config", {{"shape", {nullptr}}, {"dtype", "float32"}, {"keras_history", {layer, 0, output}}}}};
}

inline Json input(const std::string& name, const Json& shape) {
  Json batch_shape = Json::array({nullptr});
  for (const Json& one : shape) batch_shape.push_back(one);
  return {{"module", "keras.layers"},
          {"class_name", "InputLayer"},
          {"config", {{"name", name}, {"batch_shape", batch_shape}}},
          {"registered_name", nullptr},
          {"name", name},
          {"inbound_nodes", Json::array()}};
}

inline Json layer(const std::string& class_name, const std::string& name, Json config, const Json& args,
                  const Json& kwargs = Json::object()) {
  config["name"] = name;
  return {{"module", "keras.layers"},
          {"class_name", class_name},
          {"config", config},
          {"registered_name", nullptr},
          {"name", name},
          {"inbound_nodes", Json::array({{{"args", args}, {"kwargs", kwargs}}})}};
}

inline Json operation(const std::string& class_name, const std::string& name, const Json& args,
                      const Json& config = Json::object()) {
  Json json = layer(class_name, name, config, args);
  json["module"] = "keras.src.ops.numpy";
  json["registered_name"] = class_name;
  return json;
}

/// `outputs` are [layer, call, output].
inline Json model(const Json& layers, const std::vector<std::string>& inputs, const Json& outputs) {
  Json references = Json::array();
  for (const std::string& name : inputs) references.push_back({name, 0, 0});
  return {{"class_name", "Functional"},
          {"config",
           {{"name", "f"}, {"layers", layers}, {"input_layers", references}, {"output_layers", outputs}}}};
}

inline std::unique_ptr<host::Graph> graph_of(const Json& model, std::uint64_t seed = 3) {
  return host::build_graph(host::read_keras_json(model.dump(), "model"), {}, seed);
}

/// The first output.
inline std::vector<float> run(host::Graph& graph, const std::vector<std::vector<float>>& inputs,
                              std::int64_t batch, host::Mode mode = host::Mode::Infer,
                              std::size_t output = 0) {
  std::vector<const float*> data;
  for (const auto& one : inputs) data.push_back(one.data());
  graph.forward({batch, mode, 0}, data);
  return {graph.output(output), graph.output(output) + batch * host::size_of(graph.outputs()[output].shape)};
}

/// Copies the weights of one graph to another with the same weights, in order.
inline void copy_weights(host::Graph& from, host::Graph& to) {
  std::vector<host::Parameter*> targets;
  for (std::size_t l = 0; l < to.layer_count(); ++l)
    for (host::Parameter& parameter : to.layer(l).parameters()) targets.push_back(&parameter);
  std::size_t next = 0;
  for (std::size_t l = 0; l < from.layer_count(); ++l)
    for (host::Parameter& parameter : from.layer(l).parameters())
      std::copy_n(parameter.values.data(), parameter.size(), targets.at(next++)->values.data());
}

}  // namespace kairos::tests::keras3
