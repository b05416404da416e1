// SPDX-License-Identifier: MIT
// Reads Sequential, Functional and nested models of Keras 2 and Keras 3.
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/keras/dtype_policy.hpp"
#include "nn/keras/functional_nodes.hpp"
#include "nn/keras/object.hpp"
#include "nn/layer_registry.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/operation.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void bad_structure(const std::string& where, const std::string& found,
                                const std::string& expected) {
  throw Error(ErrorKind::Model, {"KAIROS-M005", where, "this is not the JSON of a Keras model", found,
                                 expected, "Write it with model.to_json()"});
}

/// [null, 28, 28] → (28, 28), [null, null] → (-1). As in Keras, a batch size does not limit the batches.
Shape read_batch_shape(ConfigReader& config, std::string_view key, const nlohmann::json& value) {
  if (!value.is_array() || value.empty()) config.bad_value(key, "a list such as [null, 8]");
  constexpr std::int64_t largest = 2147483647;
  const nlohmann::json& batch = value.front();
  if (!batch.is_null() && (!batch.is_number_integer() || batch < 1 || batch > largest))
    config.bad_value(key, "null or a batch size first");
  Shape shape;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (value[i].is_null()) {
      shape.push_back(-1);
      continue;
    }
    if (!value[i].is_number_integer() || value[i] < 1 || value[i] > largest)
      config.bad_value(key, "positive integers after the batch, or null");
    shape.push_back(value[i].get<std::int64_t>());
  }
  if (shape.empty()) config.bad_value(key, "at least one dimension after the batch");
  return shape;
}

/// An entry of "layers".
struct Entry {
  std::string class_name;
  std::string name;  ///< by which other layers refer to it
  const nlohmann::json& json;
  const nlohmann::json& config;
  std::string where;
  UnknownKeys* unknown;

  [[nodiscard]] KeySource source(std::string_view kind) const { return {kind, class_name, unknown}; }
};

/// Keras' HDF5 files have no "module"; there an operation is recognized by its class or its call.
bool is_operation_node(const nlohmann::json& json, const std::string& class_name) {
  if (const auto module = json.find("module"); module != json.end() && module->is_string())
    return module->get_ref<const std::string&>().find(".ops.") != std::string::npos;
  if (!is_operation(class_name)) return false;
  if (find_layer_type(class_name) == nullptr) return true;
  const auto nodes = json.find("inbound_nodes");
  if (nodes == json.end() || !nodes->is_array() || nodes->empty()) return false;
  const nlohmann::json& node = nodes->front();
  return node.is_object() && node.contains("args") && node["args"].is_array() && node["args"].size() > 1;
}

Entry read_entry(const nlohmann::json& json, std::size_t index, const std::string& origin,
                 UnknownKeys* unknown) {
  const std::string place = origin + " layer " + std::to_string(index);
  if (!json.is_object()) bad_structure(place, brief_json(json), "an object");
  const auto class_name = json.find("class_name");
  const auto config = json.find("config");
  if (class_name == json.end() || !class_name->is_string())
    bad_structure(place, "no class_name", "a class_name");
  // The config of a Sequential model was a list before Keras 2.2.3.
  if (config == json.end() || !(config->is_object() || (config->is_array() && *class_name == "Sequential")))
    bad_structure(place, "no config", "a config");
  std::string name;
  const nlohmann::json& holder = json.contains("name") || !config->is_object() ? json : *config;
  if (const auto found = holder.find("name"); found != holder.end() && found->is_string())
    name = found->get<std::string>();
  std::string where = layer_noun(name.empty() ? "?" : name, class_name->get<std::string>());
  require_keras_class(json, class_name->get<std::string>(), where);
  check_entry_keys(json, class_name->get<std::string>(), where, unknown);
  return {class_name->get<std::string>(), std::move(name), json, *config, std::move(where), unknown};
}

/// Integer inputs are read as float32, which is exact up to 2^24.
void require_input_dtype(ConfigReader& config, std::string& dtype) {
  const nlohmann::json* value = config.take("dtype");
  if (value == nullptr) return;
  for (const char* known : {"float32", "int32", "int64"})
    if (*value == known) {
      dtype = known;
      return;
    }
  config.bad_value("dtype", "float32, int32 or int64");
}

bool is_model(const Entry& entry) {
  return entry.class_name == "Sequential" || entry.class_name == "Functional" || entry.class_name == "Model";
}

ArchitectureLayer read_input_layer(const Entry& entry) {
  ConfigReader config(entry.config, entry.where, entry.source("layer"));
  ArchitectureLayer input;
  input.name = config.text("name", "input_layer");
  input.class_name = entry.class_name;
  require_input_dtype(config, input.input_dtype);
  for (const char* key : {"batch_shape", "batch_input_shape"})  // Keras 3, Keras 2
    if (const nlohmann::json* shape = config.take(key)) {
      input.input_shape = read_batch_shape(config, key, *shape);
      if (!shape->front().is_null()) input.input_batch = shape->front().get<std::int64_t>();
    }
  if (!input.input_shape) config.bad_value("batch_shape", "a list such as [null, 8]");
  config.finish();
  return input;
}

/// `input_shape` is that of the model if it is still unknown, else null. Keras 2 repeats an input's shape in
/// the next layer, and writes shapes to other layers that nothing reads.
ArchitectureLayer read_layer(const Entry& entry, std::optional<Shape>* input_shape) {
  const LayerType* type = find_layer_type(entry.class_name);
  if (type == nullptr)
    throw Error(ErrorKind::Model,
                {"KAIROS-M001", entry.where, "there is no layer \"" + entry.class_name + "\"", "", "",
                 suggest(entry.class_name, layer_class_names())});
  ConfigReader config(entry.config, entry.where, entry.source("layer"));
  const nlohmann::json* const shape = config.take("batch_input_shape");
  if (shape != nullptr && input_shape != nullptr)
    *input_shape = read_batch_shape(config, "batch_input_shape", *shape);
  ArchitectureLayer layer;
  layer.layer = type->make(config);
  config.finish();
  layer.name = layer.layer->name();
  layer.class_name = entry.class_name;
  return layer;
}

const nlohmann::json& member(const nlohmann::json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) bad_structure(where, std::string("no ") + key, std::string("\"") + key + "\"");
  return *found;
}

ArchitectureLayer read_operation(const Entry& entry) {
  require_operation(entry.class_name, entry.where);
  const nlohmann::json& nodes = entry.json["inbound_nodes"];
  if (nodes.size() != 1 || !nodes[0].is_object())
    throw Error(
        ErrorKind::Model,
        {"KAIROS-M102", entry.where, "an operation is called once", std::to_string(nodes.size()) + " calls",
         "one call in the notation of Keras 3", "Write the model again with model.to_json()"});
  ArchitectureLayer layer;
  layer.name = entry.name;
  layer.class_name = entry.class_name;
  const auto module = entry.json.find("module");
  // Keras has activations and arithmetic in different modules.
  const bool is_activation =
      find_activation(snake_case(entry.class_name)) != nullptr && entry.class_name != "Tanh";
  layer.operation = {module != entry.json.end() && module->is_string() ? module->get<std::string>()
                     : is_activation                                   ? "keras.src.ops.nn"
                                                                       : "keras.src.ops.numpy",
                     entry.config.dump(), member(nodes[0], "args", entry.where).dump(),
                     nodes[0].value("kwargs", nlohmann::json::object()).dump()};
  layer.layer = make_operation(layer, entry.unknown);
  return layer;
}

Architecture read_model(const Entry& entry);

ArchitectureLayer read_nested(const Entry& entry) {
  ArchitectureLayer layer;
  layer.model = std::make_unique<Architecture>(read_model(entry));
  layer.name = layer.model->name;
  layer.class_name = entry.class_name == "Model" ? "Functional" : entry.class_name;
  return layer;
}

void read_chain(const nlohmann::json& layers, const std::string& origin, UnknownKeys* unknown,
                Architecture& model) {
  if (!layers.is_array()) bad_structure(origin, "\"layers\" is " + brief_json(layers), "a list of layers");
  model.begin_chain("input_layer", std::nullopt);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Entry entry = read_entry(layers[i], i, origin, unknown);
    if (entry.class_name == "InputLayer") {
      if (i != 0)
        throw Error(ErrorKind::Model, {"KAIROS-M017", entry.where, "an input comes after other layers", "",
                                       "", "Put it first or remove it"});
      model.layers.front() = read_input_layer(entry);
      continue;
    }
    if (is_operation_node(layers[i], entry.class_name))
      throw Error(ErrorKind::Model,
                  {"KAIROS-M103", entry.where, "a Sequential model contains a keras.ops operation", "",
                   "a layer", "Write it with a layer, such as keras.layers.Add()([a, b])"});
    std::optional<Shape>& shape = model.layers.front().input_shape;
    const bool is_first = model.layers.size() == 1 && !shape;
    model.extend_chain(is_model(entry) ? read_nested(entry) : read_layer(entry, is_first ? &shape : nullptr));
  }
}

/// The config is {"name", "layers", …}, or a list before Keras 2.2.3.
Architecture read_sequential(const Entry& entry, const std::string& origin) {
  Architecture model;
  if (entry.config.is_array()) {
    if (!entry.name.empty()) model.name = entry.name;
    read_chain(entry.config, origin, entry.unknown, model);
    return model;
  }
  ConfigReader config(entry.config, origin, entry.source("model"));
  model.name = config.text("name", model.name);
  model.trainable = config.boolean("trainable", true);
  require_float32(config, "dtype");
  const nlohmann::json* layers = config.take("layers");
  if (layers == nullptr) bad_structure(origin, "no layers", "a list of layers");
  read_chain(*layers, origin, entry.unknown, model);
  std::optional<Shape>& input = model.layers.front().input_shape;
  if (const nlohmann::json* shape = config.take("build_input_shape"); shape != nullptr && !input)
    input = read_batch_shape(config, "build_input_shape", *shape);
  config.finish();
  return model;
}

ArchitectureLayer read_functional_layer(const Entry& entry) {
  if (entry.class_name == "InputLayer") return read_input_layer(entry);
  if (is_operation_node(entry.json, entry.class_name)) return read_operation(entry);
  return is_model(entry) ? read_nested(entry) : read_layer(entry, nullptr);
}

Architecture read_functional(const Entry& entry, const std::string& origin) {
  ConfigReader config(entry.config, origin, entry.source("model"));
  Architecture model;
  model.kind = Architecture::Kind::Functional;
  model.name = config.text("name", "functional");
  model.trainable = config.boolean("trainable", true);
  require_float32(config, "dtype");
  const nlohmann::json* layers = config.take("layers");
  if (layers == nullptr || !layers->is_array()) bad_structure(origin, "no layers", "a list of layers");
  FunctionalNodes nodes;
  for (std::size_t i = 0; i < layers->size(); ++i) {
    const Entry layer = read_entry((*layers)[i], i, origin, entry.unknown);
    const auto calls = layer.json.find("inbound_nodes");
    if (calls == layer.json.end() || !calls->is_array())
      bad_structure(layer.where, "no inbound_nodes", "a list of inbound_nodes");
    model.layers.push_back(read_functional_layer(layer));
    nodes.add(model.layers.back(), layer.name.empty() ? model.layers.back().name : layer.name, *calls,
              layer.where);
  }
  const nlohmann::json* inputs = config.take("input_layers");
  const nlohmann::json* outputs = config.take("output_layers");
  if (inputs == nullptr) bad_structure(origin, "no input_layers", "a list of input_layers");
  if (outputs == nullptr) bad_structure(origin, "no output_layers", "a list of output_layers");
  config.finish();
  nodes.connect(model, *inputs, *outputs, origin);
  return model;
}

Architecture read_model(const Entry& entry) {
  return entry.class_name == "Sequential" ? read_sequential(entry, entry.where)
                                          : read_functional(entry, entry.where);
}

}  // namespace

Architecture read_keras_json(std::string_view text, const std::string& origin) {
  UnknownKeys unknown;
  return read_keras_json(text, origin, unknown);
}

Architecture read_keras_json(std::string_view text, const std::string& origin, UnknownKeys& unknown) {
  const nlohmann::json json = parse_json(text, origin);
  if (!json.is_object()) bad_structure(origin, brief_json(json), "an object");
  const auto class_name = json.find("class_name");
  if (class_name == json.end() || !class_name->is_string())
    bad_structure(origin, "no class_name", "{\"class_name\": \"Sequential\", \"config\": …}");
  if (*class_name != "Sequential" && *class_name != "Functional" && *class_name != "Model")
    throw Error(ErrorKind::Model, {"KAIROS-M004", origin, "only Sequential and Functional models can be read",
                                   brief_json(*class_name), "Sequential, Functional or Model",
                                   "Write the model as keras.Sequential or keras.Model(inputs, outputs)"});
  require_keras_class(json, class_name->get<std::string>(), origin);
  const auto config = json.find("config");
  if (config == json.end()) bad_structure(origin, "no config", "a config");
  check_entry_keys(json, class_name->get<std::string>(), origin, &unknown);
  return read_model({class_name->get<std::string>(), "", json, *config, origin, &unknown});
}

}  // namespace kairos::host
