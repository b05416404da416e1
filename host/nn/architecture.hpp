// SPDX-License-Identifier: MIT
// A model's layers and how they are connected, as they stand in Keras JSON or in the shorthand.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

struct Architecture;

/// A value inside a model: what a call of one of its layers gives.
struct ValueSource {
  std::size_t layer = 0;
  std::size_t call = 0;
  std::size_t output = 0;  ///< of a nested model; other layers have one

  bool operator==(const ValueSource&) const = default;
};

/// How values stand together where Keras takes or gives several.
enum class Grouping { Single, List, Named };

struct ValueGroup {
  Grouping grouping = Grouping::Single;
  std::vector<ValueSource> values;
  std::vector<std::string> names;  ///< of Grouping::Named, sorted as Keras flattens them
};

/// Keras' "inbound node".
struct LayerCall {
  ValueGroup inputs;
  bool masked = false;           ///< the last of the inputs is the argument "mask"
  std::optional<bool> training;  ///< the argument of that name: overrides what the run does
};

/// A node of keras.ops, such as x + 1: what Keras wrote of it, as JSON. In "args", what is no number is an
/// input of the call.
struct OperationText {
  std::string module, config, args, kwargs;
};

/// One of Keras' `model.layers`: an input, a layer, or a model; or an operation between them.
struct ArchitectureLayer {
  std::string name;
  std::string class_name;
  std::optional<Shape> input_shape;     ///< of an input; -1 where the data say how long it is
  std::string input_dtype = "float32";  ///< of an input
  std::unique_ptr<Layer> layer;         ///< moves into the graph when that is built
  std::unique_ptr<Architecture> model;  ///< nested
  std::vector<LayerCall> calls;         ///< none for an input; several where the layer is shared
  std::optional<OperationText> operation;

  /// From here on: filled by build_graph. A layer is there once for each call; the first holds the weights.
  std::vector<Layer*> instances;
  std::vector<std::vector<Shape>> call_inputs;
  std::vector<std::vector<Shape>> call_outputs;

  [[nodiscard]] bool is_input() const noexcept { return class_name == "InputLayer"; }
};

struct Architecture {
  enum class Kind { Sequential, Functional };
  /// A layer and one of its calls.
  struct Step {
    std::size_t layer, call;
  };

  Kind kind = Kind::Sequential;
  std::string name = "sequential";
  bool trainable = true;
  std::vector<ArchitectureLayer> layers;  ///< in the order of Keras' `model.layers`; inputs too
  ValueGroup inputs;
  ValueGroup outputs;
  std::vector<Step> steps;  ///< all calls, in an order in which they can be computed

  /// Puts an input in front of a chain that has no layer yet.
  void begin_chain(std::string input_name, std::optional<Shape> shape);
  /// Connects a layer to the last one.
  void extend_chain(ArchitectureLayer layer);
  void extend_chain(std::unique_ptr<Layer> layer);

  /// Keras' names: of the input layers; of the layers that make the outputs, or the keys of a dict.
  [[nodiscard]] std::vector<std::string> input_names() const;
  [[nodiscard]] std::vector<std::string> output_names() const;
};

/// Puts the layers of a Functional model into the order of Keras' `model.layers` and finds `steps`. Throws
/// Error(Model) for a cycle and for what leads to no output.
void order_layers(Architecture& architecture);

/// Keras JSON of Keras 2 or 3, whole (`model.to_json()`) or compiled. `origin` is what messages name.
/// Throws Error(Model), Error(File) if it is no JSON.
[[nodiscard]] Architecture read_keras_json(std::string_view text, const std::string& origin,
                                           UnknownKeys& unknown);
/// Unknown keys that switch nothing on pass without a word.
[[nodiscard]] Architecture read_keras_json(std::string_view text, const std::string& origin);

/// "dense(64,relu) dropout(0.2) dense(10,softmax)". Throws Error(Model).
[[nodiscard]] Architecture read_shorthand(std::string_view text);

/// By what the source holds. Throws Error(Model), Error(File).
[[nodiscard]] Architecture read_architecture(const ModelSource& source, UnknownKeys& unknown);
/// The warnings go to the source's messages.
[[nodiscard]] Architecture read_architecture(const ModelSource& source);

/// Sends the warnings, if the source takes any.
void tell_unknown(const UnknownKeys& unknown, const ModelSource& source);

/// Made again for every call of the model that it stands in. Throws Error(Model).
[[nodiscard]] std::unique_ptr<Layer> make_operation(const ArchitectureLayer& operation, UnknownKeys* unknown);

/// What stands for the lengths that an architecture leaves to the data.
constexpr std::int64_t any_length = 256;  ///< for who asks for weights and not for values

struct OpenShapes {
  std::map<std::string, Shape> inputs;  ///< of one sample, by the name of the input
  std::int64_t length = 0;              ///< of every dimension that nothing says; 0: it is refused
};

/// Moves the layers into a graph, connects them and gives them shapes. `data_shape` is for a model of one
/// input and may be empty; `most_values` is that of Graph. The architecture then refers to the graph. Throws
/// Error(Model).
[[nodiscard]] std::unique_ptr<Graph> build_graph(Architecture& architecture, const Shape& data_shape,
                                                 std::uint64_t seed,
                                                 std::int64_t most_values = values_of_this_machine(),
                                                 Precision precision = Precision::Float32,
                                                 const OpenShapes& open = {});
/// For who needs the graph alone.
[[nodiscard]] std::unique_ptr<Graph> build_graph(Architecture&& architecture, const Shape& data_shape,
                                                 std::uint64_t seed,
                                                 std::int64_t most_values = values_of_this_machine(),
                                                 Precision precision = Precision::Float32);

/// Calls back for each layer that is not a model, once however often it is called, in the order of Keras'
/// get_weights(). `place` is "inner/dense", unique; `path` is what Keras 3 calls the layer in the names of
/// its weights: "sequential/dense" in a Sequential model, "dense" in a Functional one.
using LayerVisitor = std::function<void(Layer& layer, const std::string& place, const std::string& path)>;
void visit_layers(const Architecture& built, const LayerVisitor& visit);

/// Keras 3 JSON of an architecture behind `build_graph`.
[[nodiscard]] std::string write_keras_json(const Architecture& built);

}  // namespace kairos::host
