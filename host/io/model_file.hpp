// SPDX-License-Identifier: MIT
// A model on disk, whichever of Keras' formats it is in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kairos/host/dataset.hpp"
#include "kairos/host/input_columns.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

/// Some weights of a layer in Keras 3's files: those of a cell, or of a layer inside the layer.
struct WeightGroup {
  std::string path;   ///< below the layer's group: "cell", "forward_layer/cell"
  std::string name;   ///< of the object: "lstm_cell"
  std::size_t count;  ///< of weights; those of the groups follow one another
};

/// The weights of one layer in the order of Keras' `layer.weights`: trained first, then not trained.
struct LayerWeights {
  std::string name;                 ///< "dense_1"
  std::string class_name;           ///< "Dense"; the key of Keras 3's weights files comes from it
  std::vector<NamedArray> weights;  ///< named as Keras 3 does: "sequential/dense_1/kernel", "dense_1/kernel"
  std::vector<WeightGroup> groups = {};  ///< empty: all weights are in the layer's own group
  /// How many of `weights`, from the front, are trained; absent: all.
  std::optional<std::size_t> trained = std::nullopt;
  std::vector<LayerWeights> layers = {};  ///< of a model inside of the model, which has no weights of its own
};

/// Whether the caller takes Keras JSON (.json) too, an architecture without weights, and reads or writes it
/// by itself. It decides which endings an error names.
enum class JsonFile { NotTaken, Taken };

/// How the weights in a file find their layers.
enum class WeightsLayout {
  Ordered,  ///< legacy HDF5: the layers that have weights, one after the other; names do not count
  Keyed,    ///< Keras 3 `.weights.h5` and `.keras`: `name` is the key made of the class name ("dense",
            ///< "dense_1"), for a model inside of the model with that model's in front ("functional/dense")
  Flat,     ///< `.npz`: one entry without a name, all weights in get_weights() order
};

/// What a file holds, or is to hold.
struct ModelFile {
  std::string architecture_json;  ///< as in the file, also Keras 1's bare list of layers; "" in weights files
  std::string training_config_json;  ///< "" if the model was not compiled
  std::vector<LayerWeights> layers;  ///< all layers in the model's order, those without weights too
  std::vector<NamedArray> optimizer;
  /// Exact count of steps; what is called "iteration" or "iterations" in `optimizer` is float32 and not
  /// exact.
  std::optional<std::int64_t> iterations;
  /// Model::input_columns; none where nothing knows them, and in files of weights.
  std::vector<InputColumns> input_columns = {};
  WeightsLayout layout = WeightsLayout::Ordered;  ///< set by reading
};

/// Writes atomically; the ending decides: `.h5` and `.hdf5` legacy HDF5, `.weights.h5` Keras 3's weights (the
/// whole model in legacy HDF5 if that is asked for, as Keras does), `.npz` weights "0", "1", …, `.keras` the
/// whole model as Keras 3 keeps it. Throws Error(File).
void write_model_file(const std::filesystem::path& path, SaveContent content, const ModelFile& file);

/// Reads what `write_model_file` and Keras 1 to 3 write. HDF5 is told apart by what is in it, not by its
/// name.
[[nodiscard]] ModelFile read_model_file(const std::filesystem::path& path,
                                        JsonFile json = JsonFile::NotTaken);

/// Throws Error(File) now for a path that `write_model_file` would refuse later because of its ending.
void check_model_ending(const std::filesystem::path& path, SaveContent content,
                        JsonFile json = JsonFile::NotTaken);

/// The weights of `file` in get_weights() order for a model of `layers`, of which only names, classes and
/// shapes are looked at. Throws Error(Model) that names the first layer whose count or shapes differ.
[[nodiscard]] std::vector<Array> weights_for(const ModelFile& file, const std::vector<LayerWeights>& layers,
                                             const std::filesystem::path& path);

/// Layers or arrays that are looked at where they are: a copy of the weights is the last thing to make.
template <class T>
[[nodiscard]] std::vector<const T*> addresses(const std::vector<T>& values) {
  std::vector<const T*> all;
  for (const T& value : values) all.push_back(&value);
  return all;
}

/// The key of each layer in a Keras 3 weights file: its class in snake case, numbered from the second on.
[[nodiscard]] std::vector<std::string> layer_keys(const std::vector<const LayerWeights*>& layers);

/// The weights of a layer, and behind each other those of the layers inside of it, as get_weights() has them.
[[nodiscard]] std::vector<const NamedArray*> flat_weights(const LayerWeights& layer);

/// Which of flat_weights() stands first, second, … in legacy HDF5: what is trained, then the rest.
[[nodiscard]] std::vector<std::size_t> legacy_order(const LayerWeights& layer);

/// "functional/dense" as "/layers/functional/layers/dense".
[[nodiscard]] std::string keyed_group(const std::string& key);

}  // namespace kairos::host
