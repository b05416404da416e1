// SPDX-License-Identifier: MIT
// A model on disk, in any of Keras' formats.
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

/// Weights of a part of a layer in Keras 3's files: of a cell, or of a nested layer.
struct WeightGroup {
  std::string path;   ///< relative to the layer's group: "cell", "forward_layer/cell"
  std::string name;   ///< of the object: "lstm_cell"
  std::size_t count;  ///< number of weights; those of the groups are consecutive
};

/// The weights of one layer in the order of Keras' `layer.weights`: trainable first, then the others.
struct LayerWeights {
  std::string name;                 ///< "dense_1"
  std::string class_name;           ///< "Dense"; determines the key in Keras 3's weights files
  std::vector<NamedArray> weights;  ///< named as Keras 3 does: "sequential/dense_1/kernel", "dense_1/kernel"
  std::vector<WeightGroup> groups = {};  ///< empty: all weights are in the layer's own group
  /// The number of leading `weights` that are trainable; absent: all.
  std::optional<std::size_t> trained = std::nullopt;
  std::vector<LayerWeights> layers = {};  ///< of a nested model, which has no weights itself
};

/// Whether the caller also accepts Keras JSON (.json), an architecture without weights, which it reads or
/// writes itself. Decides which endings an error lists.
enum class JsonFile { NotTaken, Taken };

/// How the weights in a file are assigned to layers.
enum class WeightsLayout {
  Ordered,  ///< legacy HDF5: by the order of the layers that have weights; names are ignored
  Keyed,    ///< Keras 3 `.weights.h5` and `.keras`: `name` is the key that is derived from the class name
            ///< ("dense", "dense_1"), in a nested model after that model's key ("functional/dense")
  Flat,     ///< `.npz`: one entry without a name, all weights in get_weights() order
};

/// The content of a file.
struct ModelFile {
  std::string architecture_json;  ///< as in the file, also Keras 1's bare list of layers; "" in weights files
  std::string training_config_json;  ///< "" if the model was not compiled
  std::vector<LayerWeights> layers;  ///< all layers in the model's order, including those without weights
  std::vector<NamedArray> optimizer;
  /// The exact number of steps; the value called "iteration" or "iterations" in `optimizer` is float32, which
  /// may not be exact.
  std::optional<std::int64_t> iterations;
  /// Model::input_columns; empty if unknown, and in files of weights.
  std::vector<InputColumns> input_columns = {};
  /// Of weights that callbacks had put in place of those that are trained ("ema"); "" for the trained ones.
  /// Not kept in .npz files.
  std::string weights_label = {};
  WeightsLayout layout = WeightsLayout::Ordered;  ///< set by reading
};

/// Where files keep ModelFile::weights_label; Keras passes over it.
inline constexpr const char* weights_label_key = "kairos_weights_label";

/// Writes atomically; the ending selects the format: `.h5` and `.hdf5` legacy HDF5, `.weights.h5` Keras 3's
/// weights (for a whole model legacy HDF5, as in Keras), `.npz` weights "0", "1", …, `.keras` the whole model
/// in Keras 3's format. Throws Error(File).
void write_model_file(const std::filesystem::path& path, SaveContent content, const ModelFile& file);

/// Reads the files that `write_model_file` and Keras 1 to 3 write. The two layouts of HDF5 are distinguished
/// by content, not by name.
[[nodiscard]] ModelFile read_model_file(const std::filesystem::path& path,
                                        JsonFile json = JsonFile::NotTaken);

/// Throws Error(File) for a path that `write_model_file` would reject because of its ending.
void check_model_ending(const std::filesystem::path& path, SaveContent content,
                        JsonFile json = JsonFile::NotTaken);

/// The weights of `file` in get_weights() order for a model with these `layers`, of which only names, classes
/// and shapes are used. Throws Error(Model) for the first layer whose count or shapes differ.
[[nodiscard]] std::vector<Array> weights_for(const ModelFile& file, const std::vector<LayerWeights>& layers,
                                             const std::filesystem::path& path);

/// Pointers to layers or arrays, which avoid a copy of the weights.
template <class T>
[[nodiscard]] std::vector<const T*> addresses(const std::vector<T>& values) {
  std::vector<const T*> all;
  for (const T& value : values) all.push_back(&value);
  return all;
}

/// The key of each layer in a Keras 3 weights file: its class in snake case, numbered from the second one on.
[[nodiscard]] std::vector<std::string> layer_keys(const std::vector<const LayerWeights*>& layers);

/// The weights of a layer and of its nested layers, in get_weights() order.
[[nodiscard]] std::vector<const NamedArray*> flat_weights(const LayerWeights& layer);

/// The indices into flat_weights() in the order of legacy HDF5: trainable weights, then the others.
[[nodiscard]] std::vector<std::size_t> legacy_order(const LayerWeights& layer);

/// "functional/dense" as "/layers/functional/layers/dense".
[[nodiscard]] std::string keyed_group(const std::string& key);

}  // namespace kairos::host
