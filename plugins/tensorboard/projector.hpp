// SPDX-License-Identifier: MIT
// Files of embeddings for TensorBoard's projector: vectors, labels, and the configuration that names both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../common/keras_layers.hpp"

namespace kairos::plugins::tensorboard {

/// An Embedding layer whose vectors are written.
struct Embedding {
  std::string layer;       ///< name of the layer
  std::size_t weight = 0;  ///< index among the model's weights
  std::string weight_name;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::string file;                   ///< prefix of the names of its files
  std::string labels;                 ///< content of its metadata file; "" without labels
  std::filesystem::path labels_file;  ///< the file that contained the labels
};

/// The embeddings selected by `embeddings_layer_names` and `embeddings_metadata`; without names, all of the
/// model. Metadata is "labels.tsv" for all layers, or "layer=labels.tsv,other=more.tsv". Relative files are
/// searched in `directory`, then in the current directory. Throws kairos::Error for names of other layers,
/// and for labels that do not match the vectors.
[[nodiscard]] std::vector<Embedding> choose_embeddings(const Architecture& architecture,
                                                       std::span<const Weight> weights,
                                                       std::string_view layer_names,
                                                       std::string_view metadata,
                                                       const std::filesystem::path& directory);

/// The files that write_vectors and write_projector create.
[[nodiscard]] std::vector<std::filesystem::path> projector_files(const std::filesystem::path& directory,
                                                                 std::span<const Embedding> embeddings);

/// Writes the vectors of one embedding, one per line. write_projector must follow.
void write_vectors(const std::filesystem::path& directory, const Embedding& embedding,
                   std::span<const float> values);

/// Writes the labels and projector_config.pbtxt, whose paths are relative to `directory`.
void write_projector(const std::filesystem::path& directory, std::span<const Embedding> embeddings);

}  // namespace kairos::plugins::tensorboard
