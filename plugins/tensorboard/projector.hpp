// SPDX-License-Identifier: MIT
// What TensorBoard's projector shows of embeddings: vectors, labels, and the file that names both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "architecture.hpp"

namespace kairos::plugins::tensorboard {

/// A layer Embedding whose vectors are written.
struct Embedding {
  std::string layer;       ///< name of the layer
  std::size_t weight = 0;  ///< index among the model's weights
  std::string weight_name;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::string file;                   ///< beginning of the names of its files
  std::string labels;                 ///< content of its metadata file; "" without
  std::filesystem::path labels_file;  ///< that it was read from
};

/// The embeddings that `embeddings_layer_names` and `embeddings_metadata` ask for, all of the model if no
/// name is given. Metadata is "labels.tsv" for all, or "layer=labels.tsv,other=more.tsv"; a relative file is
/// looked for in `directory`, then where the program runs. Throws kairos::Error for names that are no such
/// layers, and for labels that the projector could not put to the vectors.
[[nodiscard]] std::vector<Embedding> choose_embeddings(const Architecture& architecture,
                                                       std::span<const Weight> weights,
                                                       std::string_view layer_names,
                                                       std::string_view metadata,
                                                       const std::filesystem::path& directory);

/// The files that write_vectors and write_projector make.
[[nodiscard]] std::vector<std::filesystem::path> projector_files(const std::filesystem::path& directory,
                                                                 std::span<const Embedding> embeddings);

/// Writes the vectors of one embedding, a row each; then write_projector makes them known.
void write_vectors(const std::filesystem::path& directory, const Embedding& embedding,
                   std::span<const float> values);

/// Writes the labels and projector_config.pbtxt, whose paths are relative to `directory`.
void write_projector(const std::filesystem::path& directory, std::span<const Embedding> embeddings);

}  // namespace kairos::plugins::tensorboard
