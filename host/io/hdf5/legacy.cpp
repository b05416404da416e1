// SPDX-License-Identifier: MIT
// Keras' legacy HDF5: a group per layer, with the order in attributes.
#include "io/hdf5/legacy.hpp"

#include <nlohmann/json.hpp>

#include "io/architecture.hpp"
#include "io/hdf5/layouts.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "io/input_columns.hpp"

namespace kairos::host {

namespace {

bool counts_steps(const std::string& name) {
  const std::string last = name.substr(name.rfind('/') + 1);
  return last.starts_with("iteration");  // "iteration", "iterations", "iterations:0"
}

std::vector<std::string> names_of(const std::vector<const NamedArray*>& arrays) {
  std::vector<std::string> names;
  for (const NamedArray* named : arrays) names.push_back(named->name);
  return names;
}

void write_layers(Hdf5Writer& writer, const std::string& root, const ModelFile& file,
                  const ArchitectureFacts& facts) {
  std::vector<std::string> names;
  for (const LayerWeights* layer : layers_with_groups(file.layers, facts)) {
    names.push_back(layer->name);
    const std::string group = root + "/" + layer->name;
    writer.group(group);
    const std::vector<const NamedArray*> flat = flat_weights(*layer);
    std::vector<const NamedArray*> weights;
    for (const std::size_t i : legacy_order(*layer)) weights.push_back(flat[i]);
    writer.names(group, "weight_names", names_of(weights));
    for (const NamedArray* weight : weights) writer.array(group + "/" + weight->name, weight->array);
  }
  const std::string top = root + "/top_level_model_weights";
  writer.group(top);
  writer.names(top, "weight_names", {});
  const std::string at = root.empty() ? "/" : root;
  writer.names(at, "layer_names", names);
  writer.text(at, "backend", facts.backend);
  writer.text(at, "keras_version", facts.keras_version);
}

void write_optimizer(Hdf5Writer& writer, const ModelFile& file) {
  if (file.optimizer.empty()) return;
  const std::string root = "/optimizer_weights";
  writer.group(root);
  writer.names(root, "weight_names", names_of(addresses(file.optimizer)));
  for (const NamedArray& variable : file.optimizer) {
    const std::string path = root + "/" + variable.name;
    if (counts_steps(variable.name) && variable.array.values.size() == 1)
      writer.integer(path, file.iterations.value_or(static_cast<std::int64_t>(variable.array.values[0])));
    else
      writer.array(path, variable.array);
  }
}

}  // namespace

void write_hdf5_legacy(const std::filesystem::path& path, SaveContent content, const ModelFile& file) {
  const ArchitectureFacts facts = architecture_facts(file.architecture_json, path.string());
  Hdf5Writer writer(path);
  if (content == SaveContent::Weights) {
    write_layers(writer, "", file, facts);
  } else {
    writer.group("/model_weights");
    write_layers(writer, "/model_weights", file, facts);
    write_optimizer(writer, file);
    writer.text("/", "keras_version", facts.keras_version);
    writer.text("/", "backend", facts.backend);
    writer.text("/", "model_config", facts.model_config);
    if (!file.training_config_json.empty()) writer.text("/", "training_config", file.training_config_json);
    if (!file.input_columns.empty())
      writer.text("/", input_columns_key, input_columns_json(file.input_columns).dump());
  }
  if (!file.weights_label.empty()) writer.text("/", weights_label_key, file.weights_label, Hdf5Charset::Utf8);
  writer.commit();
}

bool is_hdf5_legacy(const Hdf5Group& root) {
  return root.has_attribute("layer_names") || root.has_attribute("layer_names0") ||
         root.has_group("model_weights");
}

ModelFile read_hdf5_legacy(const Hdf5Group& root) {
  ModelFile file;
  file.layout = WeightsLayout::Ordered;
  file.architecture_json = root.text("model_config");
  file.training_config_json = root.text("training_config");
  file.input_columns = parse_input_columns(root.text(input_columns_key), root.place(input_columns_key));
  file.weights_label = root.text(weights_label_key);
  const bool at_root = root.has_attribute("layer_names") || root.has_attribute("layer_names0");
  const Hdf5Group weights = at_root ? root.group("") : root.group("model_weights");
  for (std::string& name : weights.names("layer_names")) {
    const Hdf5Group group = weights.group(name);
    LayerWeights layer;
    for (std::string& weight : group.names("weight_names")) {
      Array array = group.array(weight);
      layer.weights.push_back({std::move(weight), std::move(array)});
    }
    layer.name = std::move(name);
    file.layers.push_back(std::move(layer));
  }
  if (!root.has_group("optimizer_weights")) return file;
  const Hdf5Group optimizer = root.group("optimizer_weights");
  for (std::string& name : optimizer.names("weight_names")) {
    if (counts_steps(name)) file.iterations = optimizer.integer(name);
    Array array = optimizer.array(name);
    file.optimizer.push_back({std::move(name), std::move(array)});
  }
  return file;
}

}  // namespace kairos::host
