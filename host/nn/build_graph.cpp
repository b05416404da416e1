// SPDX-License-Identifier: MIT
// Moves an architecture into a graph. Nested models are expanded call by call. A shared layer gets one
// instance per call, all with the weights of the first.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "kairos/host/array.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/keras/call_signature.hpp"
#include "nn/layer_registry.hpp"
#include "nn/layers/operation.hpp"

namespace kairos::host {

namespace {

/// Limits the inputs and outputs of all calls. Nested calls multiply, and a small file must not fill the
/// memory or keep the machine busy.
constexpr std::size_t max_connections = 50'000;

using Values = std::vector<Graph::Value>;

/// Whether `shape` accepts data of shape `found`; -1 accepts any length.
bool fits(const Shape& shape, const Shape& found) {
  return std::equal(shape.begin(), shape.end(), found.begin(), found.end(),
                    [](std::int64_t wanted, std::int64_t given) { return wanted == -1 || wanted == given; });
}

/// (-1, 8) as "(None, 8)", as Keras writes it.
std::string open_shape_text(const Shape& shape) {
  std::string text = shape_text(shape);
  for (std::size_t at = text.find("-1"); at != std::string::npos; at = text.find("-1", at))
    text.replace(at, 2, "None");
  return text;
}

/// Settings that a model inherits from the enclosing models.
struct Inherited {
  bool trainable = true;
};

/// A new layer of the same class with the same arguments.
std::unique_ptr<Layer> copy_of(const ArchitectureLayer& original) {
  const Layer& layer = *original.instances.front();
  UnknownKeys noted_before;
  if (original.operation) return make_operation(original, &noted_before);
  const nlohmann::json json = layer.config();
  ConfigReader config(json, layer_noun(layer.name(), layer.class_name()));
  return find_layer_type(layer.class_name())->make(config);
}

void check_names(const Architecture& architecture) {
  std::set<std::string> seen;
  for (const ArchitectureLayer& layer : architecture.layers)
    if (!seen.insert(layer.name).second)
      throw Error(ErrorKind::Model,
                  {"KAIROS-M007", layer_noun(layer.name, layer.class_name), "another layer has the same name",
                   "", "", "Give each layer its own name"});
}

std::string count_text(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph) {}

  /// Expands one call of the model and returns its outputs.
  Values lay_out(Architecture& model, const Values& inputs, Inherited inherited) {
    inherited.trainable = inherited.trainable && model.trainable;
    count_connections(inputs.size() + model.outputs.values.size());
    std::vector<std::vector<Values>> made;  // by layer, by call
    for (const ArchitectureLayer& layer : model.layers)
      made.emplace_back(std::max<std::size_t>(layer.calls.size(), 1));
    for (std::size_t i = 0; i < inputs.size(); ++i) made[model.inputs.values[i].layer][0] = {inputs[i]};
    const auto value_of = [&](const ValueSource& source) {
      const Values& outputs = made[source.layer][source.call];
      if (source.output < outputs.size()) return outputs[source.output];
      const ArchitectureLayer& layer = model.layers[source.layer];
      throw Error(
          ErrorKind::Model,
          {"KAIROS-M060", layer_noun(layer.name, layer.class_name),
           "the model refers to an output that does not exist", "output " + std::to_string(source.output),
           count_text(outputs.size(), "output"), "Write the model again with model.to_json()"});
    };
    for (const Architecture::Step& step : model.steps) {
      ArchitectureLayer& layer = model.layers[step.layer];
      const LayerCall& call = layer.calls[step.call];
      Values taken;
      for (const ValueSource& source : call.inputs.values) taken.push_back(value_of(source));
      const CallArguments arguments = put_masks(layer, call, taken);
      Values outputs = layer.model ? call_model(layer, call, taken, inherited)
                                   : call_layer(layer, arguments, taken, inherited);
      if (model.kind == Architecture::Kind::Sequential && outputs.size() > 1)
        refuse_outputs(layer, outputs.size());
      record(layer, taken, outputs);
      made[step.layer][step.call] = std::move(outputs);
    }
    Values outputs;
    for (const ValueSource& source : model.outputs.values) outputs.push_back(value_of(source));
    return outputs;
  }

 private:
  void count_connections(std::size_t more) {
    connections_ += more;
    if (connections_ > max_connections)
      throw Error(
          ErrorKind::Model,
          {"KAIROS-M064", "model", "the calls of its layers and nested models connect too many values", "",
           "at most " + std::to_string(max_connections), "Nest fewer calls of models"});
  }

  [[noreturn]] static void refuse_outputs(const ArchitectureLayer& layer, std::size_t count) {
    throw Error(ErrorKind::Model, {"KAIROS-M063", layer_noun(layer.name, layer.class_name),
                                   "it has several outputs, but layers of a Sequential model have one",
                                   count_text(count, "output"), "1 output",
                                   "Leave out return_state, or write the model with Model(inputs, outputs)"});
  }

  /// Removes the masks among the values of a call and makes them the masks of its inputs. Returns what
  /// remains for the layer.
  CallArguments put_masks(const ArchitectureLayer& layer, const LayerCall& call, Values& values) {
    CallArguments arguments{call.input_count(), {}, call.flags, false};
    Values rest(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(arguments.inputs));
    std::size_t next = arguments.inputs;
    for (const TensorArgument& tensors : call.tensors)
      for (std::size_t element = 0; element < tensors.given.size(); ++element) {
        if (!tensors.given[element]) continue;
        const Graph::Value value = values[next++];
        const int masked = masked_input(tensors.name, element);
        if (masked < 0) {
          rest.push_back(value);
          arguments.tensors.push_back(tensors.name);
        } else {
          put_mask(layer, rest, static_cast<std::size_t>(masked), arguments.inputs, value);
          arguments.masked = true;
        }
      }
    values = std::move(rest);
    return arguments;
  }

  void put_mask(const ArchitectureLayer& layer, Values& inputs, std::size_t masked, std::size_t count,
                Graph::Value mask) {
    if (masked >= count)
      throw Error(ErrorKind::Model, {"KAIROS-M063", layer_noun(layer.name, layer.class_name),
                                     "its call has a mask for an input that it does not have",
                                     "a mask of input " + std::to_string(masked), count_text(count, "input"),
                                     "Call the layer without this mask"});
    count_connections(1);
    inputs[masked] = graph_.add(make_masked(layer.name), {inputs[masked], mask});
  }

  Values call_layer(ArchitectureLayer& layer, const CallArguments& arguments, const Values& inputs,
                    const Inherited& inherited) {
    count_connections(inputs.size());
    Graph::CallOptions options;
    const bool first = layer.instances.empty();
    if (!first) options.shares = layer.instances.front();
    std::unique_ptr<Layer> made = first ? std::move(layer.layer) : copy_of(layer);
    if (!inherited.trainable) made->freeze();
    made->set_call(arguments);
    const Layer& instance = *made;
    layer.instances.push_back(made.get());
    const Graph::Value value = graph_.add(std::move(made), inputs, options);
    const std::vector<Shape> parts = instance.output_parts();
    if (parts.empty()) return {value};
    count_connections(parts.size());
    Values outputs;
    for (std::size_t i = 0; i < parts.size(); ++i)
      outputs.push_back(graph_.add(make_part(layer.name, parts, i), {value}));
    return outputs;
  }

  Values call_model(ArchitectureLayer& layer, const LayerCall& call, const Values& given,
                    const Inherited& inherited) {
    Architecture& model = *layer.model;
    if (given.size() != model.inputs.values.size())
      throw Error(
          ErrorKind::Model,
          {"KAIROS-M063", layer_noun(layer.name, layer.class_name),
           "the model is called with the wrong number of inputs", count_text(given.size(), "input"),
           count_text(model.inputs.values.size(), "input"), "Write the model again with model.to_json()"});
    const Values inputs = call.inputs.grouping == Grouping::Named ? by_name(layer, call, given) : given;
    const std::vector<std::string> names = model.input_names();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      std::optional<Shape>& shape = model.layers[model.inputs.values[i].layer].input_shape;
      const Shape& found = graph_.shape(inputs[i]);
      if (!shape) shape = found;
      if (!fits(*shape, found))
        throw Error(ErrorKind::Model,
                    {"KAIROS-M008", layer_noun(layer.name, layer.class_name),
                     "its input \"" + names[i] + "\" does not accept this shape",
                     "shape " + shape_text(found), open_shape_text(*shape), "Change the layer before it"});
    }
    return lay_out(model, inputs, inherited);
  }

  Values by_name(const ArchitectureLayer& layer, const LayerCall& call, const Values& given) {
    std::map<std::string_view, Graph::Value> named;
    for (std::size_t i = 0; i < given.size(); ++i) named.emplace(call.inputs.names[i], given[i]);
    Values ordered;
    for (const std::string& name : layer.model->input_names()) {
      const auto found = named.find(name);
      if (found == named.end())
        throw Error(ErrorKind::Model, {"KAIROS-M063", layer_noun(layer.name, layer.class_name),
                                       "the model is called without its input \"" + name + "\"", "", "",
                                       suggest(name, call.inputs.names)});
      ordered.push_back(found->second);
    }
    return ordered;
  }

  /// Records the shapes of a layer's calls, once: further calls of the enclosing model add none.
  void record(ArchitectureLayer& layer, const Values& inputs, const Values& outputs) {
    if (layer.call_inputs.size() == layer.calls.size()) return;
    const auto shapes = [this](const Values& values) {
      std::vector<Shape> list;
      for (const Graph::Value value : values) list.push_back(graph_.shape(value));
      return list;
    };
    layer.call_inputs.push_back(shapes(inputs));
    layer.call_outputs.push_back(shapes(outputs));
  }

  Graph& graph_;
  std::size_t connections_ = 0;
};

/// Takes the input shape from the first layer of a chain if that is a model with an input shape.
void take_shape_of_first_model(Architecture& chain) {
  std::optional<Shape>& shape = chain.layers.front().input_shape;
  if (shape || chain.kind != Architecture::Kind::Sequential || chain.layers.size() < 2) return;
  Architecture* const first = chain.layers[1].model.get();
  if (first == nullptr || first->inputs.values.size() != 1) return;
  take_shape_of_first_model(*first);
  shape = first->layers[first->inputs.values.front().layer].input_shape;
}

void choose_input_shape(Architecture& model, const Shape& data_shape) {
  if (model.inputs.values.size() != 1) return;
  take_shape_of_first_model(model);
  ArchitectureLayer& input = model.layers[model.inputs.values.front().layer];
  if (!input.input_shape && data_shape.empty())
    throw Error(ErrorKind::Model, {"KAIROS-M006", "model", "its input shape is unknown", "", "",
                                   "Start the model with input(…), or provide data"});
  if (!input.input_shape) input.input_shape = data_shape;
  if (!data_shape.empty() && !fits(*input.input_shape, data_shape))
    throw Error(ErrorKind::Model,
                {"KAIROS-M016", "input \"" + input.name + "\"",
                 "the data does not have the shape that the model expects", shape_text(data_shape),
                 open_shape_text(*input.input_shape), "Change the data or the model's input"});
}

/// The input's shape with open dimensions replaced by those of the data, or else by `length`.
Shape closed_shape(const ArchitectureLayer& input, const Shape& data, std::int64_t length) {
  Shape shape = *input.input_shape;
  if (fits(shape, data)) return data;
  for (std::int64_t& dimension : shape)
    if (dimension == -1) dimension = length;
  if (std::find(shape.begin(), shape.end(), 0) == shape.end()) return shape;
  throw Error(ErrorKind::Model,
              {"KAIROS-M006", "input \"" + input.name + "\"",
               "the architecture does not specify the input shape", open_shape_text(*input.input_shape),
               "the shape of one sample", "Provide data, or the shape of a sample"});
}

void check(const Architecture& model) {
  if (model.steps.empty() && model.kind == Architecture::Kind::Sequential)
    throw Error(ErrorKind::Model, {"KAIROS-M015", "model", "it has no layers", "", "",
                                   "Write for example \"dense(64,relu) dense(10,softmax)\""});
  check_names(model);
  for (const ArchitectureLayer& layer : model.layers)
    if (layer.model) check(*layer.model);
}

}  // namespace

std::unique_ptr<Graph> build_graph(Architecture& architecture, const Shape& data_shape, std::uint64_t seed,
                                   std::int64_t max_values, Precision precision, const OpenShapes& open) {
  check(architecture);
  choose_input_shape(architecture, data_shape);
  auto graph = std::make_unique<Graph>(seed, max_values, precision);
  const std::vector<std::string> input_names = architecture.input_names();
  Values inputs;
  for (std::size_t i = 0; i < input_names.size(); ++i) {
    const ArchitectureLayer& input = architecture.layers[architecture.inputs.values[i].layer];
    const auto named = open.inputs.find(input_names[i]);
    const Shape& data = named != open.inputs.end() ? named->second : data_shape;
    inputs.push_back(
        graph->add_input(input_names[i], closed_shape(input, data, open.length), input.input_dtype));
  }
  const Values outputs = Builder(*graph).lay_out(architecture, inputs, {});
  const std::vector<std::string> output_names = architecture.output_names();
  for (std::size_t i = 0; i < outputs.size(); ++i) graph->add_output(output_names[i], outputs[i]);
  return graph;
}

std::unique_ptr<Graph> build_graph(Architecture&& architecture, const Shape& data_shape, std::uint64_t seed,
                                   std::int64_t max_values, Precision precision) {
  return build_graph(architecture, data_shape, seed, max_values, precision);
}

}  // namespace kairos::host
