// SPDX-License-Identifier: MIT
// Graphs from shorthands, and their outputs.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "nn/architecture.hpp"
#include "nn/graph.hpp"
#include "nn/keras/config_reader.hpp"
#include "nn/layer_registry.hpp"

namespace kairos::tests {

inline std::unique_ptr<host::Graph> graph_of(const std::string& text, std::uint64_t seed = 4) {
  return host::build_graph(host::read_shorthand(text), {}, seed);
}

/// A layer by its class and configuration.
inline std::unique_ptr<host::Layer> made(const char* class_name, const nlohmann::json& json) {
  host::ConfigReader config(json, json.value("name", class_name));
  std::unique_ptr<host::Layer> layer = host::find_layer_type(class_name)->make(config);
  config.finish();
  return layer;
}

/// The first output for one input.
inline std::vector<float> forward(host::Graph& graph, const std::vector<float>& x, std::int64_t batch,
                                  host::Mode mode = host::Mode::Infer, std::uint64_t step = 0) {
  graph.forward({batch, mode, step}, std::vector<const float*>{x.data()});
  return {graph.output(0), graph.output(0) + batch * host::size_of(graph.outputs()[0].shape)};
}

}  // namespace kairos::tests
