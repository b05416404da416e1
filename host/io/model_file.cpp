// SPDX-License-Identifier: MIT
// Selects the format by the ending, and assigns weights to layers.
#include "io/model_file.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "io/file_kind.hpp"
#include "io/hdf5/isolated.hpp"
#include "io/hdf5/layouts.hpp"
#include "io/keras_archive.hpp"
#include "io/npy.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

/// Throws Error(File) for a kind that is not a model file.
FileKind format_of(const std::filesystem::path& path, JsonFile json = JsonFile::NotTaken) {
  const FileKind kind = kind_of(path);
  if (holds_weights(kind)) return kind;
  throw Error(
      ErrorKind::File,
      {"KAIROS-F020", path.string(), "this kind of model file is not supported", shown_ending(path),
       endings({FileKind::Keras, FileKind::Hdf5, FileKind::Hdf5Weights, FileKind::Npz}) + " (weights only)" +
           (json == JsonFile::Taken ? ", or " + endings({FileKind::Json}) + " (the architecture)" : ""),
       "Choose a name with one of these endings"});
}

void require(bool condition, const std::filesystem::path& path, const char* what, const char* cure) {
  if (!condition) throw Error(ErrorKind::File, {"KAIROS-F026", path.string(), what, "", "", cure});
}

std::vector<NamedArray> flat(const ModelFile& file) {
  std::vector<NamedArray> arrays;
  for (const LayerWeights& layer : file.layers)
    for (const NamedArray* weight : flat_weights(layer))
      arrays.push_back({std::to_string(arrays.size()), weight->array});
  return arrays;
}

ModelFile read_flat(const std::filesystem::path& path) {
  std::map<std::string, Array> arrays = read_npz(path);
  ModelFile file;
  file.layout = WeightsLayout::Flat;
  LayerWeights all;
  const std::string prefix =
      arrays.contains("arr_0") ? "arr_" : "";  // NumPy's names for arrays without names
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const std::string name = prefix + std::to_string(i);
    const auto found = arrays.find(name);
    if (found == arrays.end())
      throw Error(ErrorKind::File,
                  {"KAIROS-F024", path.string(), "a weight is missing", "no array \"" + name + "\"",
                   "arrays \"0\", \"1\", … in get_weights() order",
                   "Write it with numpy.savez(file, *model.get_weights())"});
    all.weights.push_back({found->first, std::move(found->second)});
  }
  file.layers.push_back(std::move(all));
  return file;
}

/// "GlobalMaxPooling2D" to "global_max_pooling2d", by two rules that Keras applies in sequence.
std::string snake_case(const std::string& name) {
  const auto upper = [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; };
  const auto lower = [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; };
  std::string first;  // any character, then a capital and small letters: '_' in between
  for (std::size_t i = 0; i < name.size(); ++i) {
    first += name[i];
    if (i + 2 >= name.size() || !upper(name[i + 1]) || !lower(name[i + 2])) continue;
    first += '_';
    first += name[++i];
    while (i + 1 < name.size() && lower(name[i + 1])) first += name[++i];
  }
  std::string second;  // a small letter, then a capital
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (i > 0 && upper(first[i]) && lower(first[i - 1])) second += '_';
    second += static_cast<char>(std::tolower(static_cast<unsigned char>(first[i])));
  }
  return second;
}

std::string shapes_text(const std::vector<NamedArray>& arrays) {
  std::string text;
  for (const NamedArray& named : arrays) text += (text.empty() ? "" : ", ") + shape_text(named.array.shape);
  return text.empty() ? "no weights" : text;
}

[[noreturn]] void misfit(const std::filesystem::path& path, const std::string& layer,
                         const std::string& found, const std::string& expected) {
  throw Error(ErrorKind::Model,
              {"KAIROS-M090", path.string(), "the weights do not fit layer \"" + layer + "\"", found,
               expected, "Load the file into the model that it was saved from"});
}

/// `order` is the index in the layer of each stored weight.
void take(std::vector<Array>& out, std::span<const NamedArray> stored, const LayerWeights& layer,
          const std::vector<std::size_t>& order, const std::filesystem::path& path) {
  const std::vector<const NamedArray*> wanted = flat_weights(layer);
  bool fits = stored.size() == wanted.size();
  for (std::size_t i = 0; fits && i < stored.size(); ++i)
    fits = stored[i].array.shape == wanted[order[i]]->array.shape;
  if (!fits) {
    std::vector<NamedArray> expected;
    for (const std::size_t i : order) expected.push_back(*wanted[i]);
    misfit(path, layer.name, shapes_text({stored.begin(), stored.end()}), shapes_text(expected));
  }
  const std::size_t first = out.size();
  out.resize(first + stored.size());
  for (std::size_t i = 0; i < stored.size(); ++i) out[first + order[i]] = stored[i].array;
}

std::size_t count_of(const LayerWeights& layer) {
  std::size_t count = layer.weights.size();
  for (const LayerWeights& inner : layer.layers) count += count_of(inner);
  return count;
}

std::vector<std::size_t> model_order(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

std::vector<Array> by_order(const ModelFile& file, const std::vector<LayerWeights>& layers,
                            const std::filesystem::path& path) {
  std::vector<const LayerWeights*> stored, wanted;
  for (const LayerWeights& layer : file.layers)
    if (!layer.weights.empty()) stored.push_back(&layer);
  for (const LayerWeights& layer : layers)
    if (count_of(layer) > 0) wanted.push_back(&layer);
  if (stored.size() != wanted.size())
    throw Error(ErrorKind::Model,
                {"KAIROS-M091", path.string(), "the file has a different number of layers with weights",
                 std::to_string(stored.size()), std::to_string(wanted.size()),
                 "Load the file into the model that it was saved from"});
  std::vector<Array> arrays;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    take(arrays, stored[i]->weights, *wanted[i], legacy_order(*wanted[i]), path);
  return arrays;
}

/// The arrays of a layer in the order of the groups that it declares: those of the file are in alphabetical
/// order. Unchanged if the file has other groups.
std::vector<NamedArray> in_group_order(const LayerWeights& stored, const LayerWeights& wanted,
                                       const std::string& key) {
  std::vector<NamedArray> ordered;
  for (const WeightGroup& group : wanted.groups) {
    const std::string folder = keyed_group(key) + "/" + group.path + "/vars/";
    for (const NamedArray& one : stored.weights)
      if (one.name.find(folder) != std::string::npos) ordered.push_back(one);
  }
  return ordered.size() == stored.weights.size() ? ordered : stored.weights;
}

/// `prefix` is the key of the model that contains the layers, followed by '/'.
void take_by_key(std::vector<Array>& arrays, const ModelFile& file, const std::vector<LayerWeights>& layers,
                 const std::string& prefix, const std::filesystem::path& path) {
  const std::vector<std::string> keys = layer_keys(addresses(layers));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string key = prefix + keys[i];
    if (!layers[i].layers.empty()) take_by_key(arrays, file, layers[i].layers, key + "/", path);
    if (layers[i].weights.empty()) continue;
    const auto stored = std::find_if(file.layers.begin(), file.layers.end(),
                                     [&](const LayerWeights& layer) { return layer.name == key; });
    if (stored == file.layers.end())
      misfit(path, layers[i].name, "no group " + keyed_group(key), shapes_text(layers[i].weights));
    take(arrays, in_group_order(*stored, layers[i], key), layers[i], model_order(layers[i].weights.size()),
         path);
  }
}

std::vector<Array> by_position(const ModelFile& file, const std::vector<LayerWeights>& layers,
                               const std::filesystem::path& path) {
  std::vector<NamedArray> rest;
  for (const LayerWeights& layer : file.layers)
    rest.insert(rest.end(), layer.weights.begin(), layer.weights.end());
  std::size_t wanted = 0;
  for (const LayerWeights& layer : layers) wanted += count_of(layer);
  if (rest.size() != wanted)
    throw Error(ErrorKind::Model, {"KAIROS-M091", path.string(), "the file has a different number of weights",
                                   std::to_string(rest.size()), std::to_string(wanted),
                                   "Load the file into the model that it was saved from"});
  std::vector<Array> arrays;
  std::size_t next = 0;
  for (const LayerWeights& layer : layers) {
    const std::size_t count = count_of(layer);
    take(arrays, std::span(rest).subspan(next, count), layer, model_order(count), path);
    next += count;
  }
  return arrays;
}

}  // namespace

void check_model_ending(const std::filesystem::path& path, SaveContent content, JsonFile json) {
  require(format_of(path, json) != FileKind::Npz || content == SaveContent::Weights, path,
          "an .npz file can hold weights only, not a model",
          "Choose the ending .keras or .h5, or save weights only");
  require(format_of(path) != FileKind::Keras || content == SaveContent::Model, path,
          "a .keras archive holds a whole model, not weights only",
          "Choose the ending .weights.h5, or save the whole model");
}

void write_model_file(const std::filesystem::path& path, SaveContent content, const ModelFile& file) {
  check_model_ending(path, content);
  require(content == SaveContent::Weights || !file.architecture_json.empty(), path,
          "this model has no architecture in Keras' JSON that could be saved", "Save weights only");
  const FileKind format = format_of(path);
  if (format == FileKind::Npz) return write_npz(path, flat(file));
  if (format == FileKind::Hdf5Weights && content == SaveContent::Weights)
    return write_hdf5_keras3(path, file);
  if (format == FileKind::Keras) return write_keras_archive(path, file);
  write_hdf5_legacy(path, content, file);
}

ModelFile read_model_file(const std::filesystem::path& path, JsonFile json) {
  const FileKind format = format_of(path, json);
  if (format == FileKind::Npz) return read_flat(path);
  if (format == FileKind::Keras) return read_keras_archive(path);
  return read_hdf5_isolated(path);
}

std::vector<Array> weights_for(const ModelFile& file, const std::vector<LayerWeights>& layers,
                               const std::filesystem::path& path) {
  switch (file.layout) {
    case WeightsLayout::Ordered:
      return by_order(file, layers, path);
    case WeightsLayout::Keyed: {
      std::vector<Array> arrays;
      take_by_key(arrays, file, layers, "", path);
      return arrays;
    }
    case WeightsLayout::Flat:
      break;
  }
  return by_position(file, layers, path);
}

std::vector<std::size_t> legacy_order(const LayerWeights& layer) {
  std::vector<bool> trained;
  const std::function<void(const LayerWeights&)> mark = [&](const LayerWeights& one) {
    for (std::size_t i = 0; i < one.weights.size(); ++i)
      trained.push_back(i < one.trained.value_or(one.weights.size()));
    for (const LayerWeights& inner : one.layers) mark(inner);
  };
  mark(layer);
  std::vector<std::size_t> order = model_order(trained.size());
  std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return trained[i]; });
  return order;
}

std::string keyed_group(const std::string& key) {
  std::string group = "/layers/" + key;
  for (std::size_t at = group.find('/', 8); at != std::string::npos; at = group.find('/', at + 8))
    group.replace(at, 1, "/layers/");
  return group;
}

std::vector<const NamedArray*> flat_weights(const LayerWeights& layer) {
  std::vector<const NamedArray*> arrays = addresses(layer.weights);
  for (const LayerWeights& inner : layer.layers)
    for (const NamedArray* weight : flat_weights(inner)) arrays.push_back(weight);
  return arrays;
}

std::vector<std::string> layer_keys(const std::vector<const LayerWeights*>& layers) {
  std::map<std::string, std::size_t> used;
  std::vector<std::string> keys;
  for (const LayerWeights* layer : layers) {
    const std::string key = snake_case(layer->class_name);
    const std::size_t before = used[key]++;
    keys.push_back(before == 0 ? key : key + "_" + std::to_string(before));
  }
  return keys;
}

}  // namespace kairos::host
