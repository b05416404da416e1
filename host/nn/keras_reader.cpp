// SPDX-License-Identifier: MIT
// Reads Sequential models of Keras 2 and Keras 3.
#include <nlohmann/json.hpp>
#include <utility>

#include "io/json.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/keras_object.hpp"
#include "nn/layer_registry.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void bad_structure(const std::string& where, const std::string& found,
                                const std::string& expected) {
  throw Error(ErrorKind::Model, {"KAIROS-M005", where, "this is not the JSON of a Keras model", found,
                                 expected, "Write it with model.to_json()"});
}

/// [null, 28, 28] → (28, 28).
Shape read_batch_shape(ConfigReader& config, std::string_view key, const nlohmann::json& value) {
  if (!value.is_array() || value.empty()) config.bad_value(key, "a list such as [null, 8]");
  if (!value.front().is_null())
    throw Error(ErrorKind::Model, {"KAIROS-M004", config.where(), "a fixed batch size is not supported",
                                   brief_json(value), "null in front", "Write null for the batch"});
  constexpr std::int64_t largest = 2147483647;
  Shape shape;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (!value[i].is_number_integer() || value[i] < 1 || value[i] > largest)
      config.bad_value(key, "positive integers after the batch");
    shape.push_back(value[i].get<std::int64_t>());
  }
  if (shape.empty()) config.bad_value(key, "at least one dimension after the batch");
  return shape;
}

/// The "config" and the class of one entry of "layers".
struct Entry {
  std::string class_name;
  const nlohmann::json& config;
  std::string where;
};

Entry read_entry(const nlohmann::json& json, std::size_t index, const std::string& origin) {
  const std::string place = origin + " layer " + std::to_string(index);
  if (!json.is_object()) bad_structure(place, brief_json(json), "an object");
  const auto class_name = json.find("class_name");
  const auto config = json.find("config");
  if (class_name == json.end() || !class_name->is_string())
    bad_structure(place, "no class_name", "a class_name");
  if (config == json.end() || !config->is_object()) bad_structure(place, "no config", "a config");
  const auto name = config->find("name");
  std::string where = layer_noun(name != config->end() && name->is_string() ? name->get<std::string>() : "?",
                                 class_name->get<std::string>());
  require_keras_class(json, class_name->get<std::string>(), where);
  return {class_name->get<std::string>(), *config, std::move(where)};
}

/// Whole numbers come as float32 here, which holds them exactly up to 2^24.
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

void read_input_layer(const Entry& entry, Architecture& model) {
  ConfigReader config(entry.config, entry.where);
  model.input_name = config.text("name", model.input_name);
  require_input_dtype(config, model.input_dtype);
  config.unsupported("sparse", false, "Give dense data");
  config.unsupported("ragged", false, "Give dense data");
  config.unsupported("optional", false, "Remove it from the layer");
  for (const char* key : {"batch_shape", "batch_input_shape"})  // Keras 3, Keras 2
    if (const nlohmann::json* shape = config.take(key))
      model.input_shape = read_batch_shape(config, key, *shape);
  if (!model.input_shape) config.bad_value("batch_shape", "a list such as [null, 8]");
  config.finish();
}

void read_layer(const Entry& entry, Architecture& model) {
  const LayerType* type = find_layer_type(entry.class_name);
  if (type == nullptr)
    throw Error(ErrorKind::Model,
                {"KAIROS-M001", entry.where, "there is no layer \"" + entry.class_name + "\" here", "", "",
                 suggest(entry.class_name, layer_class_names())});
  ConfigReader config(entry.config, entry.where);
  if (const nlohmann::json* shape = config.take("batch_input_shape")) {  // Keras 2 has it on the first layer
    if (!model.layers.empty() || model.input_shape)
      config.bad_value("batch_input_shape", "it on the first layer only");
    model.input_shape = read_batch_shape(config, "batch_input_shape", *shape);
  }
  std::unique_ptr<Layer> layer = type->make(config);
  config.finish();
  model.layers.push_back(std::move(layer));
}

void read_layers(const nlohmann::json& layers, const std::string& origin, Architecture& model) {
  if (!layers.is_array()) bad_structure(origin, "\"layers\" is " + brief_json(layers), "a list of layers");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Entry entry = read_entry(layers[i], i, origin);
    if (entry.class_name != "InputLayer") {
      read_layer(entry, model);
    } else if (i == 0) {
      read_input_layer(entry, model);
    } else {
      throw Error(ErrorKind::Model, {"KAIROS-M007", entry.where, "an input stands behind other layers", "",
                                     "", "Put it first or remove it"});
    }
  }
}

/// Sequential's config: {"name", "layers", …}, or the bare list of Keras before 2.2.3.
void read_sequential(const nlohmann::json& json, const std::string& origin, Architecture& model) {
  if (json.is_array()) return read_layers(json, origin, model);
  ConfigReader config(json, origin);
  model.name = config.text("name", model.name);
  model.trainable = config.boolean("trainable", true);
  require_float32(config, "dtype");
  const nlohmann::json* layers = config.take("layers");
  if (layers == nullptr) bad_structure(origin, "no layers", "a list of layers");
  read_layers(*layers, origin, model);
  if (const nlohmann::json* shape = config.take("build_input_shape"); shape != nullptr && !model.input_shape)
    model.input_shape = read_batch_shape(config, "build_input_shape", *shape);
  config.finish();
}

}  // namespace

Architecture read_keras_json(std::string_view text, const std::string& origin) {
  const nlohmann::json json = parse_json(text, origin);
  if (!json.is_object()) bad_structure(origin, brief_json(json), "an object");
  const auto class_name = json.find("class_name");
  if (class_name == json.end() || !class_name->is_string())
    bad_structure(origin, "no class_name", "{\"class_name\": \"Sequential\", \"config\": …}");
  if (*class_name != "Sequential")
    throw Error(ErrorKind::Model,
                {"KAIROS-M004", origin, "only Sequential models can be read", brief_json(*class_name),
                 "Sequential", "Write the model as keras.Sequential"});
  require_keras_class(json, class_name->get<std::string>(), origin);
  const auto config = json.find("config");
  if (config == json.end()) bad_structure(origin, "no config", "a config");
  Architecture model;
  read_sequential(*config, origin, model);
  return model;
}

}  // namespace kairos::host
