// SPDX-License-Identifier: MIT
// Writes a chain of layers as Keras 3's model.to_json() does.
#include <nlohmann/json.hpp>

#include "nn/architecture.hpp"
#include "nn/keras_object.hpp"

namespace kairos::host {

namespace {

using Json = nlohmann::ordered_json;

Json batch_shape(const Shape& shape) {
  Json list = Json::array({nullptr});
  for (const std::int64_t dimension : shape) list.push_back(dimension);
  return list;
}

Json input_layer(const Port& input, const std::string& dtype) {
  return {{"module", "keras.layers"},
          {"class_name", "InputLayer"},
          {"config",
           {{"batch_shape", batch_shape(input.shape)},
            {"dtype", dtype},
            {"sparse", false},
            {"ragged", false},
            {"name", input.name},
            {"optional", false}}},
          {"registered_name", nullptr}};
}

}  // namespace

std::string write_keras_json(const Graph& graph, const std::string& model_name) {
  const Port& input = graph.inputs().front();
  Json layers = Json::array({input_layer(input, graph.input_dtype(0))});
  for (std::size_t i = 0; i < graph.layer_count(); ++i) {
    const Layer& layer = graph.layer(i);
    layers.push_back({{"module", "keras.layers"},
                      {"class_name", layer.class_name()},
                      {"config", layer.config()},
                      {"registered_name", nullptr},
                      {"build_config", {{"input_shape", batch_shape(graph.layer_input_shape(i))}}}});
  }
  const Json model{{"module", "keras"},
                   {"class_name", "Sequential"},
                   {"config",
                    {{"name", model_name},
                     {"trainable", true},
                     {"dtype", float32_policy_json()},
                     {"layers", std::move(layers)},
                     {"build_input_shape", batch_shape(input.shape)}}},
                   {"registered_name", nullptr},
                   {"build_config", {{"input_shape", batch_shape(input.shape)}}}};
  return model.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kairos::host
