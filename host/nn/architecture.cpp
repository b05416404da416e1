// SPDX-License-Identifier: MIT
// From a source to layers, from layers to a graph.
#include "nn/architecture.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "io/input_file.hpp"
#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::uint64_t largest_file = std::uint64_t{64} << 20;

bool is_json(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && text[first] == '{';
}

void check_names(const Architecture& architecture) {
  std::set<std::string> seen;
  for (const std::unique_ptr<Layer>& layer : architecture.layers)
    if (!seen.insert(layer->name()).second)
      throw Error(ErrorKind::Model,
                  {"KAIROS-M007", layer_noun(layer->name(), layer->class_name()),
                   "another layer has the same name", "", "", "Give each layer a name of its own"});
}

Shape choose_input_shape(const Architecture& architecture, const Shape& data_shape) {
  if (!architecture.input_shape && data_shape.empty())
    throw Error(ErrorKind::Model, {"KAIROS-M006", "model", "the shape of its input is not known", "", "",
                                   "Start the model with input(…), or give data"});
  if (!architecture.input_shape) return data_shape;
  if (!data_shape.empty() && data_shape != *architecture.input_shape)
    throw Error(ErrorKind::Model,
                {"KAIROS-M006", "input \"" + architecture.input_name + "\"",
                 "the model takes samples of another shape than the data has", shape_text(data_shape),
                 shape_text(*architecture.input_shape), "Change the data or the model's input"});
  return *architecture.input_shape;
}

}  // namespace

Architecture read_architecture(const ModelSource& source) {
  if (!source.file.empty())
    return read_keras_json(read_file(source.file, largest_file), source.file.string());
  return is_json(source.text) ? read_keras_json(source.text, "model") : read_shorthand(source.text);
}

std::unique_ptr<Graph> build_graph(Architecture architecture, const Shape& data_shape, std::uint64_t seed,
                                   std::int64_t most_values) {
  if (architecture.layers.empty())
    throw Error(ErrorKind::Model, {"KAIROS-M005", "model", "it has no layers", "", "",
                                   "Write for example \"dense(64,relu) dense(10,softmax)\""});
  check_names(architecture);
  auto graph = std::make_unique<Graph>(seed, most_values);
  const std::string output_name = architecture.layers.back()->name();
  Graph::Value value = graph->add_input(architecture.input_name, choose_input_shape(architecture, data_shape),
                                        architecture.input_dtype);
  for (std::unique_ptr<Layer>& layer : architecture.layers) {
    if (!architecture.trainable) layer->freeze();
    value = graph->add(std::move(layer), {value});
  }
  graph->add_output(output_name, value);
  return graph;
}

}  // namespace kairos::host
