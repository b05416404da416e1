// SPDX-License-Identifier: MIT
// Reduces to_json() to the part that legacy HDF5 files store.
#include "io/architecture.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "base/json.hpp"

namespace kairos::host {

namespace {

using Json = nlohmann::ordered_json;  // keeps keys in Keras' order

std::string text_or(const Json& object, const char* key, const char* fallback) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : fallback;
}

/// The keys that to_json() of Keras 3 adds to every layer and that older loaders do not know.
void strip(Json& object) {
  // An operation is identified by its module alone.
  if (text_or(object, "module", "").find(".ops.") != std::string::npos) return;
  for (const char* key : {"module", "registered_name", "build_config", "compile_config"}) object.erase(key);
  const auto config = object.find("config");
  if (config == object.end() || !config->is_object()) return;
  const auto layers = config->find("layers");
  if (layers == config->end() || !layers->is_array()) return;
  for (Json& layer : *layers)
    if (layer.is_object()) strip(layer);
}

/// ["left", 0, 0] as Keras writes the value of a layer, or any nesting of such; an object maps names to
/// values.
void collect_ports(const Json& list, std::vector<std::string>& names) {
  if (list.is_object())
    for (const auto& [name, unused] : list.items()) names.push_back(name);
  if (!list.is_array() || list.empty()) return;
  if (list.front().is_string()) {
    names.push_back(list.front().get<std::string>());
    return;
  }
  for (const Json& one : list) collect_ports(one, names);
}

std::vector<std::string> ports_of(const Json& config, const char* key) {
  std::vector<std::string> names;
  if (const auto list = config.find(key); list != config.end()) collect_ports(*list, names);
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) names.clear();
  return names;
}

/// From the first layer that declares a shape; the first dimension is the batch.
std::vector<std::int64_t> input_shape_of(const Json& config) {
  const auto layers = config.find("layers");
  if (layers == config.end() || !layers->is_array()) return {};
  for (const Json& layer : *layers) {
    const Json own = layer.is_object() ? layer.value("config", Json()) : Json();
    for (const char* key : {"batch_shape", "batch_input_shape"}) {
      if (!own.is_object() || !own.contains(key) || !own[key].is_array()) continue;
      std::vector<std::int64_t> shape;
      for (std::size_t i = 1; i < own[key].size(); ++i) {
        if (!own[key][i].is_number_integer()) return {};
        shape.push_back(own[key][i].get<std::int64_t>());
      }
      return shape;
    }
  }
  return {};
}

}  // namespace

PortFacts port_facts(const std::string& json, const std::string& origin) {
  static_cast<void>(parse_json(json, origin));  // limits the depth; the code below may recurse
  const Json document = Json::parse(json);
  if (!document.is_object()) return {};
  const auto config = document.find("config");
  if (config == document.end() || !config->is_object()) return {};
  return {ports_of(*config, "input_layers"), ports_of(*config, "output_layers"), input_shape_of(*config)};
}

ArchitectureFacts architecture_facts(const std::string& json, const std::string& origin) {
  ArchitectureFacts facts;
  facts.keras_version = "3.13.0";
  facts.backend = "tensorflow";
  if (json.empty()) return facts;
  static_cast<void>(parse_json(json, origin));  // limits the depth; the code below may recurse
  Json document = Json::parse(json);
  if (!document.is_object()) {
    facts.model_config = json;
    return facts;
  }
  facts.keras_version = text_or(document, "keras_version", "3.13.0");
  facts.backend = text_or(document, "backend", "tensorflow");
  facts.sequential = text_or(document, "class_name", "") == "Sequential";
  document.erase("keras_version");
  document.erase("backend");
  strip(document);
  if (const auto config = document.find("config"); config != document.end() && config->is_object())
    facts.name = text_or(*config, "name", "");
  facts.model_config = document.dump();
  return facts;
}

std::vector<const LayerWeights*> layers_with_groups(const std::vector<LayerWeights>& layers,
                                                    const ArchitectureFacts& facts) {
  std::vector<const LayerWeights*> kept;
  for (const LayerWeights& layer : layers)
    if (!facts.sequential || layer.class_name != "InputLayer") kept.push_back(&layer);
  return kept;
}

}  // namespace kairos::host
