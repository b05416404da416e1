// SPDX-License-Identifier: MIT
// Keras 3's weights file: groups named by class, numbered data sets; and the choice between the two layouts.
#include <algorithm>
#include <charconv>

#include "base/atomic_file.hpp"
#include "io/architecture.hpp"
#include "io/hdf5/layouts.hpp"
#include "io/hdf5/legacy.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// Appends the arrays of `group`/vars in numerical order: "10" comes after "2".
void read_vars(const Hdf5Group& group, std::vector<NamedArray>& out) {
  if (!group.has_group("vars")) return;
  const Hdf5Group vars = group.group("vars");
  std::vector<std::pair<std::uint32_t, std::string>> numbered;
  for (std::string& name : vars.children()) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || end != name.data() + name.size())
      vars.refuse("KAIROS-F029", vars.place(name), "an array is not numbered", "\"" + name + "\"",
                  "names 0, 1, … as Keras 3 gives them", "Write the file again");
    numbered.emplace_back(number, std::move(name));
  }
  std::sort(numbered.begin(), numbered.end());
  for (const auto& [number, name] : numbered) out.push_back({vars.place(name), vars.array(name)});
}

void read_layers(const Hdf5Group& group, const std::string& prefix, ModelFile& file, int depth);

/// The arrays of a layer and of its cells; the layers of a nested model, below "layers", become separate
/// entries. States of random generators are not weights.
void read_layer(const Hdf5Group& group, const std::string& key, ModelFile& file, std::vector<NamedArray>& out,
                int depth) {
  constexpr int depth_limit = 32;
  if (depth > depth_limit)
    group.refuse("KAIROS-F029", group.place(), "groups are nested too deeply", "", "at most 32 levels",
                 "Write the file again");
  read_vars(group, out);
  std::vector<std::string> children = group.children();
  // Alphabetical order would be wrong: Bidirectional lists the forward layer first.
  const auto backward = std::find(children.begin(), children.end(), "backward_layer");
  const auto forward = std::find(children.begin(), children.end(), "forward_layer");
  if (backward < forward && forward != children.end()) std::iter_swap(backward, forward);
  for (const std::string& name : children) {
    if (name == "vars" || name == "seed_generator" || !group.has_group(name)) continue;
    if (name == "layers")
      read_layers(group.group(name), key + "/", file, depth + 1);
    else
      read_layer(group.group(name), key, file, out, depth + 1);
  }
}

void read_layers(const Hdf5Group& group, const std::string& prefix, ModelFile& file, int depth) {
  for (const std::string& name : group.children()) {
    LayerWeights layer;
    layer.name = prefix + name;
    read_layer(group.group(name), layer.name, file, layer.weights, depth);
    file.layers.push_back(std::move(layer));
  }
}

ModelFile read_hdf5_keras3(const Hdf5Group& root) {
  ModelFile file;
  file.layout = WeightsLayout::Keyed;
  file.weights_label = root.text(weights_label_key);
  read_layers(root.group("layers"), "", file, 0);
  if (!root.has_group("optimizer")) return file;
  const Hdf5Group optimizer = root.group("optimizer");
  read_vars(optimizer, file.optimizer);
  if (!file.optimizer.empty()) file.iterations = optimizer.integer("vars/0");
  return file;
}

/// The weights of one layer, in its group or in the groups that it declares.
void write_layer(Hdf5Writer& writer, const std::string& group, const LayerWeights& layer) {
  const std::string vars = group + "/vars";
  writer.group(vars);
  writer.text(vars, "name", layer.name, Hdf5Charset::Utf8);
  std::size_t next = 0;
  const auto write = [&](const std::string& folder, std::size_t count) {
    for (std::size_t k = 0; k < count; ++k)
      writer.array(folder + "/" + std::to_string(k), layer.weights[next++].array);
  };
  if (layer.groups.empty()) write(vars, layer.weights.size());
  for (const WeightGroup& inner : layer.groups) {
    const std::string folder = group + "/" + inner.path + "/vars";
    writer.group(folder);
    writer.text(folder, "name", inner.name, Hdf5Charset::Utf8);
    write(folder, inner.count);
  }
}

/// The group below `parent`/layers.
void write_layers(Hdf5Writer& writer, const std::string& parent,
                  const std::vector<const LayerWeights*>& layers) {
  const std::vector<std::string> keys = layer_keys(layers);
  writer.group(parent + "/layers");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string group = parent + "/layers/" + keys[i];
    if (!layers[i]->layers.empty()) write_layers(writer, group, addresses(layers[i]->layers));
    write_layer(writer, group, *layers[i]);
  }
}

void write_model(Hdf5Writer& writer, const std::filesystem::path& path, const ModelFile& file) {
  const ArchitectureFacts facts = architecture_facts(file.architecture_json, path.string());
  write_layers(writer, "", layers_with_groups(file.layers, facts));
  if (!file.weights_label.empty()) writer.text("/", weights_label_key, file.weights_label, Hdf5Charset::Utf8);
  writer.group("/vars");
  if (!facts.name.empty()) writer.text("/vars", "name", facts.name, Hdf5Charset::Utf8);
  if (!file.optimizer.empty()) {
    const std::string vars = "/optimizer/vars";
    writer.group(vars);
    for (std::size_t k = 0; k < file.optimizer.size(); ++k) {
      const Array& array = file.optimizer[k].array;
      const std::string name = vars + "/" + std::to_string(k);
      if (k == 0 && array.values.size() == 1)  // Keras 3 stores the number of steps first
        writer.integer(name, file.iterations.value_or(static_cast<std::int64_t>(array.values[0])));
      else
        writer.array(name, array);
    }
    const std::string& first = file.optimizer.front().name;
    if (const std::size_t slash = first.find('/'); slash != std::string::npos)
      writer.text(vars, "name", first.substr(0, slash), Hdf5Charset::Utf8);
  }
}

ModelFile read_root(const Hdf5Group& root, const std::string& origin) {
  if (is_hdf5_legacy(root)) return read_hdf5_legacy(root);
  if (root.has_group("layers")) return read_hdf5_keras3(root);
  root.refuse("KAIROS-F029", origin, "this HDF5 file contains no Keras model or weights",
              "neither layer_names nor /model_weights nor /layers", "a file that Keras or Kairos wrote",
              "Check that this is the intended file");
}

}  // namespace

ModelFile read_hdf5(const std::filesystem::path& path) {
  return read_root(Hdf5Group::open(path), path.string());
}

ModelFile read_hdf5_image(std::string_view bytes, const std::string& origin) {
  return read_root(Hdf5Group::open_image(bytes, origin), origin);
}

void write_hdf5_keras3(const std::filesystem::path& path, const ModelFile& file) {
  Hdf5Writer writer(path);
  write_model(writer, path, file);
  writer.commit();
}

std::string hdf5_keras3_image(const std::filesystem::path& path, const ModelFile& file) {
  Hdf5Writer writer(path);
  write_model(writer, path, file);
  return writer.image();
}

}  // namespace kairos::host
