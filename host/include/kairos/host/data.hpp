// SPDX-License-Identifier: MIT
// Reads data sets from files: CSV, NPY, NPZ, IDX, HDF5 and directories of images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kairos/host/dataset.hpp"
#include "kairos/host/input_columns.hpp"

namespace kairos::host {

/// Whether the first line of a CSV names the columns.
enum class HeaderPolicy {
  /// It does if none of its fields is a number; if the target, the weight or all of `input_columns` are among
  /// its fields; or if its numbers count 0, 1, 2, … as data frames write them (reported in Dataset::notes).
  Detect,
  Present,
  Absent,  ///< columns are then identified by their index
};

enum class TargetUse {
  Required,  ///< fit, evaluate
  Optional,  ///< predict: an existing target column is excluded from the inputs, a missing one is no error
};

/// The encoding of names and labels in files. In memory they are UTF-8, not normalised.
enum class TextEncoding {
  Utf8,    ///< other bytes are rejected
  Latin1,  ///< ISO 8859-1
  Cp1252,  ///< Windows, Western Europe
};

/// "utf-8", "latin1" or "cp1252", or another common name of these. Throws Error(Usage).
[[nodiscard]] TextEncoding text_encoding(const std::string& name);

/// Where the array for one of the model's inputs or outputs comes from.
struct PortSource {
  std::string port;  ///< name of the input or output
  std::string
      source;  ///< a file of one array, an array of the NPZ, or one or more columns of the CSV ("a,b")
};

/// Values per pixel of an image.
enum class ColorMode : std::uint8_t { Grayscale = 1, Rgb = 3 };

struct ImageSize {
  std::int64_t height = 0, width = 0;
};

/// Which data to read, and what they mean.
struct DataSpec {
  /// .csv, .tsv, .txt, .data, .npy, .npz, IDX or IDX.gz, an array "file.h5:/path", or a directory of images
  /// with a sub-directory for each class; empty if each input has a separate file in `inputs`.
  std::filesystem::path file;
  /// CSV: a column by name or by index from 0 (from the end: -1), several as "a,b". NPZ: an array, "y" if
  /// empty. For both and other kinds: an .npy or IDX file, an HDF5 array, or a .csv file with one numeric
  /// column.
  std::string target;
  std::string sample_weight;  ///< as `target`, but one column; "" for none (NPZ: "sample_weight" if present)
  /// By name; a .csv file of an input may have several columns. If they are columns of `file`, columns that
  /// no input, target or weight uses are left out.
  std::vector<PortSource> inputs;
  std::vector<PortSource> targets;         ///< by output, instead of `target`
  std::vector<PortSource> sample_weights;  ///< by output, instead of `sample_weight`; other outputs have none
  /// Names of the model's ports, if known: other names are rejected before anything is read, and arrays of an
  /// NPZ may have these names.
  std::vector<std::string> input_ports, output_ports;
  TargetUse target_use = TargetUse::Required;
  HeaderPolicy header = HeaderPolicy::Detect;
  char delimiter = '\0';                       ///< '\0': a tab for .tsv, else a comma
  TextEncoding encoding = TextEncoding::Utf8;  ///< of the text in tables, and of class names
  /// Model::input_columns: columns of a table with a header become inputs by these names, in this order, and
  /// `inputs` need not list them. A missing name is an error; other columns are left out, which
  /// Dataset::notes reports. Without a header, columns are matched by position.
  std::vector<InputColumns> input_columns;
  ImageSize image_size;  ///< of a directory of images: all are resized to it
  ColorMode color_mode = ColorMode::Rgb;
  /// Shuffles the images of a directory once, so that the last ones do not all belong to the last class;
  /// empty: sorted by path.
  std::optional<std::uint64_t> image_order_seed;
  /// Labels of a string target by number, from an earlier `Dataset::class_names`. Empty: numbered in sorted
  /// order.
  std::vector<std::string> class_names;
};

struct LoadedData {
  Dataset train;
  std::optional<Dataset> validation;  ///< of an NPZ with x_val and y_val
};

/// Reads everything into memory and checks it (`Dataset::check`). In an NPZ, several inputs and targets are
/// called x0, x1, …, y0, y1, …, those for validation x0_val, …, and weights per output sample_weight0, …; or
/// they have the names of the model's ports: left, right, kind, kind_val, sample_weight_kind, …. Decimal text
/// is rounded to the nearest float32. Throws Error(Data), or Error(File) if a file cannot be read.
[[nodiscard]] LoadedData load_data(const DataSpec& spec);

/// Writes `Dataset::class_names` as JSON, so that a later run numbers the labels in the same way
/// (`DataSpec::class_names`). Throws Error(File).
void write_class_names(const std::filesystem::path& file, const std::vector<std::string>& names);

/// Throws Error(Data) if the file is not such a list, Error(File) if it cannot be read.
[[nodiscard]] std::vector<std::string> read_class_names(const std::filesystem::path& file);

/// Writes Model::input_columns as JSON. Throws Error(File).
void write_input_columns(const std::filesystem::path& file, const std::vector<InputColumns>& columns);

/// Throws Error(Model) if the file is not such a list, Error(File) if it cannot be read.
[[nodiscard]] std::vector<InputColumns> read_input_columns(const std::filesystem::path& file);

}  // namespace kairos::host
