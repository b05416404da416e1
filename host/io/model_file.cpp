// SPDX-License-Identifier: MIT
// Chooses the format by the ending, and finds the layer for each weight that was read.
#include "io/model_file.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>

#include "io/hdf5_isolated.hpp"
#include "io/hdf5_layouts.hpp"
#include "io/keras_archive.hpp"
#include "io/npy.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

enum class Format { Legacy, Keras3Weights, KerasArchive, Npz };

Format format_of(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  const std::string_view text = name;
  if (text.ends_with(".weights.h5")) return Format::Keras3Weights;
  if (text.ends_with(".h5") || text.ends_with(".hdf5")) return Format::Legacy;
  if (text.ends_with(".keras")) return Format::KerasArchive;
  if (text.ends_with(".npz")) return Format::Npz;
  const std::string ending = path.extension().string();
  throw Error(ErrorKind::File, {"KAIROS-F020", path.string(), "this kind of model file is not supported",
                                ending.empty() ? "no ending" : "\"" + ending + "\"",
                                ".keras, .h5, .hdf5, .weights.h5 or .npz (weights only)",
                                "Choose a name with one of these endings"});
}

void require(bool condition, const std::filesystem::path& path, const char* what, const char* cure) {
  if (!condition) throw Error(ErrorKind::File, {"KAIROS-F026", path.string(), what, "", "", cure});
}

std::vector<NamedArray> flat(const ModelFile& file) {
  std::vector<NamedArray> arrays;
  for (const LayerWeights& layer : file.layers)
    for (const NamedArray& weight : layer.weights)
      arrays.push_back({std::to_string(arrays.size()), weight.array});
  return arrays;
}

ModelFile read_flat(const std::filesystem::path& path) {
  std::map<std::string, Array> arrays = read_npz(path);
  ModelFile file;
  file.layout = WeightsLayout::Flat;
  LayerWeights all;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const auto found = arrays.find(std::to_string(i));
    if (found == arrays.end())
      throw Error(
          ErrorKind::File,
          {"KAIROS-F024", path.string(), "a weight is missing", "no array \"" + std::to_string(i) + "\"",
           "arrays \"0\", \"1\", … in get_weights() order",
           "Write it with numpy.savez(file, **{str(i): w for i, w in enumerate(model.get_weights())})"});
    all.weights.push_back({found->first, std::move(found->second)});
  }
  file.layers.push_back(std::move(all));
  return file;
}

/// "GlobalMaxPooling2D" to "global_max_pooling2d", by the two rules that Keras applies one after the other.
std::string snake_case(const std::string& name) {
  const auto upper = [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; };
  const auto lower = [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; };
  std::string first;  // any character, then a capital followed by small letters: '_' between them
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

void take(std::vector<Array>& out, const LayerWeights& stored, const LayerWeights& layer,
          const std::filesystem::path& path) {
  const bool fits =
      std::equal(stored.weights.begin(), stored.weights.end(), layer.weights.begin(), layer.weights.end(),
                 [](const NamedArray& a, const NamedArray& b) { return a.array.shape == b.array.shape; });
  if (!fits) misfit(path, layer.name, shapes_text(stored.weights), shapes_text(layer.weights));
  for (const NamedArray& weight : stored.weights) out.push_back(weight.array);
}

std::vector<Array> by_order(const ModelFile& file, const std::vector<LayerWeights>& layers,
                            const std::filesystem::path& path) {
  std::vector<const LayerWeights*> stored, wanted;
  for (const LayerWeights& layer : file.layers)
    if (!layer.weights.empty()) stored.push_back(&layer);
  for (const LayerWeights& layer : layers)
    if (!layer.weights.empty()) wanted.push_back(&layer);
  if (stored.size() != wanted.size())
    throw Error(ErrorKind::Model,
                {"KAIROS-M091", path.string(), "the file has another number of layers with weights",
                 std::to_string(stored.size()), std::to_string(wanted.size()),
                 "Load the file into the model that it was saved from"});
  std::vector<Array> arrays;
  for (std::size_t i = 0; i < wanted.size(); ++i) take(arrays, *stored[i], *wanted[i], path);
  return arrays;
}

std::vector<Array> by_key(const ModelFile& file, const std::vector<LayerWeights>& layers,
                          const std::filesystem::path& path) {
  const std::vector<std::string> keys = layer_keys(layers);
  std::vector<Array> arrays;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].weights.empty()) continue;
    const auto stored = std::find_if(file.layers.begin(), file.layers.end(),
                                     [&](const LayerWeights& layer) { return layer.name == keys[i]; });
    if (stored == file.layers.end())
      misfit(path, layers[i].name, "no group /layers/" + keys[i], shapes_text(layers[i].weights));
    take(arrays, *stored, layers[i], path);
  }
  return arrays;
}

std::vector<Array> by_position(const ModelFile& file, const std::vector<LayerWeights>& layers,
                               const std::filesystem::path& path) {
  std::vector<NamedArray> rest;
  for (const LayerWeights& layer : file.layers)
    rest.insert(rest.end(), layer.weights.begin(), layer.weights.end());
  std::size_t wanted = 0;
  for (const LayerWeights& layer : layers) wanted += layer.weights.size();
  if (rest.size() != wanted)
    throw Error(ErrorKind::Model, {"KAIROS-M091", path.string(), "the file has another number of weights",
                                   std::to_string(rest.size()), std::to_string(wanted),
                                   "Load the file into the model that it was saved from"});
  std::vector<Array> arrays;
  auto next = rest.begin();
  for (const LayerWeights& layer : layers) {
    const auto end = next + static_cast<std::ptrdiff_t>(layer.weights.size());
    take(arrays, {layer.name, layer.class_name, {next, end}, {}}, layer, path);
    next = end;
  }
  return arrays;
}

}  // namespace

void check_model_ending(const std::filesystem::path& path, SaveContent content) {
  require(format_of(path) != Format::Npz || content == SaveContent::Weights, path,
          "an .npz file can hold weights only, not a model",
          "Choose the ending .keras or .h5, or save weights only");
  require(format_of(path) != Format::KerasArchive || content == SaveContent::Model, path,
          "a .keras archive holds a whole model, not weights only",
          "Choose the ending .weights.h5, or save the whole model");
}

void write_model_file(const std::filesystem::path& path, SaveContent content, const ModelFile& file) {
  check_model_ending(path, content);
  require(content == SaveContent::Weights || !file.architecture_json.empty(), path,
          "this model has no architecture in Keras' JSON to be saved", "Save weights only");
  const Format format = format_of(path);
  if (format == Format::Npz) return write_npz(path, flat(file));
  if (format == Format::Keras3Weights && content == SaveContent::Weights)
    return write_hdf5_keras3(path, file);
  if (format == Format::KerasArchive) return write_keras_archive(path, file);
  write_hdf5_legacy(path, content, file);
}

ModelFile read_model_file(const std::filesystem::path& path) {
  switch (format_of(path)) {
    case Format::Npz:
      return read_flat(path);
    case Format::KerasArchive:
      return read_keras_archive(path);
    case Format::Legacy:
    case Format::Keras3Weights:
      break;
  }
  return read_hdf5_isolated(path);
}

std::vector<Array> weights_for(const ModelFile& file, const std::vector<LayerWeights>& layers,
                               const std::filesystem::path& path) {
  switch (file.layout) {
    case WeightsLayout::Ordered:
      return by_order(file, layers, path);
    case WeightsLayout::Keyed:
      return by_key(file, layers, path);
    case WeightsLayout::Flat:
      break;
  }
  return by_position(file, layers, path);
}

std::vector<std::string> layer_keys(const std::vector<LayerWeights>& layers) {
  std::map<std::string, std::size_t> used;
  std::vector<std::string> keys;
  for (const LayerWeights& layer : layers) {
    const std::string key = snake_case(layer.class_name);
    const std::size_t before = used[key]++;
    keys.push_back(before == 0 ? key : key + "_" + std::to_string(before));
  }
  return keys;
}

}  // namespace kairos::host
