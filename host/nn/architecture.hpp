// SPDX-License-Identifier: MIT
// A model's layers as they stand in Keras JSON or in the shorthand, before shapes are known.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/compile.hpp"
#include "nn/graph.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// A chain of layers.
struct Architecture {
  std::string name = "sequential";
  std::string input_name = "input_layer";
  std::optional<Shape> input_shape;  ///< of one sample
  std::string input_dtype = "float32";
  std::vector<std::unique_ptr<Layer>> layers;
  bool trainable = true;
};

/// Keras JSON of Keras 2 or 3, whole (`model.to_json()`) or compiled. `origin` is what messages name.
/// Throws Error(Model), Error(File) if it is no JSON.
[[nodiscard]] Architecture read_keras_json(std::string_view text, const std::string& origin);

/// "dense(64,relu) dropout(0.2) dense(10,softmax)". Throws Error(Model).
[[nodiscard]] Architecture read_shorthand(std::string_view text);

/// By what the source holds. Throws Error(Model), Error(File).
[[nodiscard]] Architecture read_architecture(const ModelSource& source);

/// Connects the layers and gives them shapes. `data_shape` may be empty; `most_values` is that of Graph.
/// Throws Error(Model).
[[nodiscard]] std::unique_ptr<Graph> build_graph(Architecture architecture, const Shape& data_shape,
                                                 std::uint64_t seed,
                                                 std::int64_t most_values = values_of_this_machine());

/// Keras 3 JSON of a chain built by `build_graph`.
[[nodiscard]] std::string write_keras_json(const Graph& graph, const std::string& model_name);

}  // namespace kairos::host
