// SPDX-License-Identifier: MIT
// The layers of a model and their connections, as described by Keras JSON or the shorthand.
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

/// A value inside a model: an output of a call of one of its layers.
struct ValueSource {
  std::size_t layer = 0;
  std::size_t call = 0;
  std::size_t output = 0;  ///< of a nested model, or of a layer with several outputs

  bool operator==(const ValueSource&) const = default;
};

/// How Keras groups values: one value, a list, or a dict.
enum class Grouping { Single, List, Named };

struct ValueGroup {
  Grouping grouping = Grouping::Single;
  std::vector<ValueSource> values;
  std::vector<std::string> names;  ///< for Grouping::Named, sorted as Keras flattens them
};

/// An argument whose tensors follow the inputs in `LayerCall::inputs`.
struct TensorArgument {
  std::string name;         ///< "mask", "initial_state"
  bool is_list = false;     ///< a list, which may contain None
  std::vector<bool> given;  ///< for each element, whether it is a tensor

  [[nodiscard]] std::size_t count() const;
};

/// Keras' "inbound node".
struct LayerCall {
  ValueGroup inputs;
  bool separate = false;  ///< each input is an argument of its own: query, value, key
  std::vector<TensorArgument> tensors;
  std::vector<std::string> flags;  ///< boolean arguments that are True
  /// The argument of that name. It has no effect: as in Keras 3, `fit` and `predict` pass their own.
  std::optional<bool> training;

  /// The number of values in `inputs` before those of `tensors`.
  [[nodiscard]] std::size_t input_count() const;
};

/// A keras.ops node, such as x + 1, as the JSON that Keras wrote. The tensors in it are inputs of the call.
struct OperationText {
  std::string module, config, args, kwargs;
};

/// One of Keras' `model.layers` (an input, a layer or a model), or an operation between them.
struct ArchitectureLayer {
  std::string name;
  std::string class_name;
  std::optional<Shape> input_shape;     ///< of an input; -1 for a length that depends on the data
  std::int64_t input_batch = 0;         ///< of an input: the batch size in its shape, which has no effect
  std::string input_dtype = "float32";  ///< of an input
  std::unique_ptr<Layer> layer;         ///< moved into the graph by build_graph
  std::unique_ptr<Architecture> model;  ///< nested
  std::vector<LayerCall> calls;         ///< none for an input; several for a shared layer
  std::optional<OperationText> operation;

  /// Filled by build_graph, like the rest. One instance per call; the first owns the weights.
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
  std::vector<ArchitectureLayer> layers;  ///< in the order of Keras' `model.layers`, with inputs
  ValueGroup inputs;
  ValueGroup outputs;
  std::vector<Step> steps;  ///< all calls, in topological order

  /// Adds the input of a chain that has no layers yet.
  void begin_chain(std::string input_name, std::optional<Shape> shape);
  /// Appends a layer.
  void extend_chain(ArchitectureLayer layer);
  void extend_chain(std::unique_ptr<Layer> layer);

  /// Keras' names: those of the input layers, and those of the layers that compute the outputs, or the keys
  /// of a dict.
  [[nodiscard]] std::vector<std::string> input_names() const;
  [[nodiscard]] std::vector<std::string> output_names() const;
};

/// Sorts the layers of a Functional model into the order of Keras' `model.layers` and fills `steps`. Throws
/// Error(Model) for a cycle, and for calls that lead to no output.
void order_layers(Architecture& architecture);

/// Reads the JSON of Keras 2 or 3 (`model.to_json()`, or from a compiled file). Messages name `origin`.
/// Throws Error(Model), and Error(File) if the text is not JSON.
[[nodiscard]] Architecture read_keras_json(std::string_view text, const std::string& origin,
                                           UnknownKeys& unknown);
/// Ignores unknown keys with neutral values silently.
[[nodiscard]] Architecture read_keras_json(std::string_view text, const std::string& origin);

/// Reads "dense(64,relu) dropout(0.2) dense(10,softmax)". Throws Error(Model).
[[nodiscard]] Architecture read_shorthand(std::string_view text);

/// Reads the source as Keras JSON or as a shorthand. Throws Error(Model), Error(File).
[[nodiscard]] Architecture read_architecture(const ModelSource& source, UnknownKeys& unknown);
/// Sends warnings to the source's messages.
[[nodiscard]] Architecture read_architecture(const ModelSource& source);

/// Creates the layer of an operation, once for every call of the model around it. Throws Error(Model).
[[nodiscard]] std::unique_ptr<Layer> make_operation(const ArchitectureLayer& operation, UnknownKeys* unknown);

/// Replaces lengths that depend on the data where only the weights matter.
constexpr std::int64_t any_length = 256;

/// Values for the lengths that an architecture leaves to the data.
struct OpenShapes {
  std::map<std::string, Shape> inputs;  ///< of one sample, by input name
  std::int64_t length = 0;              ///< of every other open dimension; 0: these are refused
};

/// Moves the layers into a graph, connects them and infers shapes. `data_shape` applies to a model with one
/// input and may be empty; `max_values` is that of Graph. Afterwards the architecture refers to the graph.
/// Throws Error(Model).
[[nodiscard]] std::unique_ptr<Graph> build_graph(Architecture& architecture, const Shape& data_shape,
                                                 std::uint64_t seed,
                                                 std::int64_t max_values = values_of_this_machine(),
                                                 Precision precision = Precision::Float32,
                                                 const OpenShapes& open = {});
/// For callers that only need the graph.
[[nodiscard]] std::unique_ptr<Graph> build_graph(Architecture&& architecture, const Shape& data_shape,
                                                 std::uint64_t seed,
                                                 std::int64_t max_values = values_of_this_machine(),
                                                 Precision precision = Precision::Float32);

/// Calls `visit` once for each layer that is not a model, in the order of Keras' get_weights(). `full_name`
/// is unique, such as "inner/dense". `path` is the layer's path in Keras 3's weight names: "sequential/dense"
/// in a Sequential model, "dense" in a Functional one.
using LayerVisitor = std::function<void(Layer& layer, const std::string& full_name, const std::string& path)>;
void visit_layers(const Architecture& built, const LayerVisitor& visit);

/// Keras 3 JSON of an architecture that build_graph has processed.
[[nodiscard]] std::string write_keras_json(const Architecture& built);

}  // namespace kairos::host
