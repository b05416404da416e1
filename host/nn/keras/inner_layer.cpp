// SPDX-License-Identifier: MIT
// Reads and writes the inner layers of wrapper layers.
#include "nn/keras/inner_layer.hpp"

#include <nlohmann/json.hpp>

#include "kairos/host/error.hpp"
#include "nn/keras/object.hpp"
#include "nn/layer_registry.hpp"

namespace kairos::host {

std::unique_ptr<Layer> read_inner_layer(ConfigReader& config, std::string_view key) {
  const nlohmann::json* const value = config.take(key);
  if (value == nullptr) return nullptr;
  const auto class_name = value->is_object() ? value->find("class_name") : value->end();
  const auto inner = value->is_object() ? value->find("config") : value->end();
  if (!value->is_object() || class_name == value->end() || !class_name->is_string() ||
      inner == value->end() || !inner->is_object())
    config.bad_value(key, "a layer: {\"class_name\": …, \"config\": …}");
  const std::string name = class_name->get<std::string>();
  const auto own_name = inner->find("name");
  const std::string where =
      layer_noun(own_name != inner->end() && own_name->is_string() ? own_name->get<std::string>() : "?",
                 name) +
      " in " + config.where();
  require_keras_class(*value, name, where);
  const LayerType* const type = find_layer_type(name);
  if (type == nullptr)
    throw Error(ErrorKind::Model, {"KAIROS-M001", where, "there is no layer \"" + name + "\"", "", "",
                                   suggest(name, layer_class_names())});
  check_entry_keys(*value, name, where, config.unknown_keys());
  ConfigReader reader(*inner, where, config.inside("layer", name));
  reader.skip("batch_input_shape");  // Keras 2 also writes it to the wrapper
  std::unique_ptr<Layer> layer = type->make(reader);
  reader.finish();
  return layer;
}

nlohmann::json inner_layer_json(const Layer& layer) {
  return keras_object("keras.layers", layer.class_name(), layer.config());
}

std::vector<WeightGroup> groups_below(const std::string& folder, Layer& layer) {
  std::vector<WeightGroup> below = layer.weight_groups();
  std::vector<WeightGroup> all{{folder, layer.name(), below.empty() ? layer.parameters().size() : 0}};
  for (WeightGroup& group : below) {
    group.path = folder + "/" + group.path;
    all.push_back(std::move(group));
  }
  return all;
}

}  // namespace kairos::host
