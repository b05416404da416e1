// SPDX-License-Identifier: MIT
// Reduces to_json() to what a legacy HDF5 file keeps of it.
#include "io/architecture.hpp"

#include <nlohmann/json.hpp>

#include "io/json.hpp"

namespace kairos::host {

namespace {

using Json = nlohmann::ordered_json;  // keys stay in the order that people know from Keras

std::string text_or(const Json& object, const char* key, const char* fallback) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : fallback;
}

/// What to_json() of Keras 3 adds to every layer and older loaders do not know.
void strip(Json& object) {
  for (const char* key : {"module", "registered_name", "build_config", "compile_config"}) object.erase(key);
  const auto config = object.find("config");
  if (config == object.end() || !config->is_object()) return;
  const auto layers = config->find("layers");
  if (layers == config->end() || !layers->is_array()) return;
  for (Json& layer : *layers)
    if (layer.is_object()) strip(layer);
}

}  // namespace

ArchitectureFacts architecture_facts(const std::string& json, const std::string& origin) {
  ArchitectureFacts facts;
  facts.keras_version = "3.13.0";
  facts.backend = "tensorflow";
  if (json.empty()) return facts;
  static_cast<void>(parse_json(json, origin));  // bounds the depth; what follows may recurse
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
