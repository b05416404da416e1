// SPDX-License-Identifier: MIT
// Kinds of files by name: the only place that maps endings to kinds.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace kairos::host {

enum class FileKind {
  Csv,          ///< .csv
  Tsv,          ///< .tsv, a table with tabs between the fields
  Text,         ///< .txt, read as a table
  TextData,     ///< .data, read as a table
  Npy,          ///< .npy
  Npz,          ///< .npz
  Idx,          ///< "train-images-idx3-ubyte", "train-images.idx3-ubyte" or "images.idx", each also with .gz
  Hdf5,         ///< .h5, .hdf5
  Hdf5Weights,  ///< .weights.h5
  Hdf5Array,    ///< "file.h5:/path", an array inside an HDF5 file
  Keras,        ///< .keras
  Json,         ///< .json
  Image,        ///< .png, .jpg, .jpeg
  Gzip,         ///< .gz of any other file
  Unknown,
};

/// The kind of a file by its name, ignoring case. The file need not exist.
[[nodiscard]] FileKind kind_of(const std::filesystem::path& path);

/// A table of text: Csv, Tsv, Text or TextData.
[[nodiscard]] bool is_table(FileKind kind) noexcept;

/// A file that can hold the weights of a model: Keras, Hdf5, Hdf5Weights or Npz.
[[nodiscard]] bool holds_weights(FileKind kind) noexcept;

struct Hdf5Location {
  std::filesystem::path file;
  std::string dataset;  ///< "" if the text names only the file
};

/// "d.h5:/x" or "d.hdf5:/x", also the file alone; empty for any other text.
[[nodiscard]] std::optional<Hdf5Location> hdf5_location(std::string_view text);

/// A list of endings for messages: ".csv, .npy, IDX or file.h5:/path".
[[nodiscard]] std::string endings(std::initializer_list<FileKind> kinds);

/// The ending of `path` as messages show it: "\".foo\"" or "no ending".
[[nodiscard]] std::string shown_ending(const std::filesystem::path& path);

}  // namespace kairos::host
