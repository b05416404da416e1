// SPDX-License-Identifier: MIT
// Reads data sets from files: CSV, NPY, NPZ, IDX, HDF5 and directories of pictures.
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
  /// It does if none of its fields is a number, if the target, the weight or all of `input_columns` are among
  /// its fields, or if its numbers count 0, 1, 2, … as data frames write them (Dataset::notes says so then).
  Detect,
  Present,
  Absent,  ///< columns are then called by their index
};

enum class TargetUse {
  Required,  ///< fit, evaluate
  Optional,  ///< predict: a target that is named and there is taken out of the inputs, one that is missing is
             ///< not missed
};

/// How the bytes of names and labels become text. What is read is UTF-8 whatever it was, and not normalised.
enum class TextEncoding {
  Utf8,    ///< other bytes are refused
  Latin1,  ///< ISO 8859-1
  Cp1252,  ///< Windows, Western Europe
};

/// "utf-8", "latin1" or "cp1252", or another common name of these. Throws Error(Usage).
[[nodiscard]] TextEncoding text_encoding(const std::string& name);

/// Where the array of one of the model's inputs or outputs stands.
struct PortSource {
  std::string port;    ///< name of the input or output
  std::string source;  ///< a file of one array; or of an NPZ an array, of a CSV a column or several ("a,b")
};

/// Values of one pixel of a picture.
enum class ColorMode : std::uint8_t { Grayscale = 1, Rgb = 3 };

struct ImageSize {
  std::int64_t height = 0, width = 0;
};

/// What to read and what it means.
struct DataSpec {
  /// .csv, .tsv, .txt, .data, .npy, .npz, IDX or IDX.gz, an array "file.h5:/path", or a directory of pictures
  /// with a sub-directory for each class; empty if each input has a file of its own in `inputs`.
  std::filesystem::path file;
  /// CSV: a column by name or by index from 0 (from the end: -1), several as "a,b"; NPZ: an array, "y" if
  /// empty; for each: an .npy or IDX file, an HDF5 array, or one column of numbers in a .csv file.
  std::string target;
  std::string
      sample_weight;  ///< as `target`, but one column; "" for none (NPZ: "sample_weight" if it is there)
  /// By name; a .csv file of an input may have several columns. Where they are columns of `file`, those that
  /// nothing names are left out.
  std::vector<PortSource> inputs;
  std::vector<PortSource> targets;  ///< by output, in place of `target`
  std::vector<PortSource>
      sample_weights;  ///< by output, in place of `sample_weight`; the other outputs have none
  /// Names of the model's ports, where they are known: other names are refused before anything is read, and
  /// the arrays of an NPZ may be called by them.
  std::vector<std::string> input_ports, output_ports;
  TargetUse target_use = TargetUse::Required;
  HeaderPolicy header = HeaderPolicy::Detect;
  char delimiter = '\0';                       ///< '\0': a tab for .tsv, else a comma
  TextEncoding encoding = TextEncoding::Utf8;  ///< of the text in tables, and of the names of classes
  /// Model::input_columns: the columns of a table with a header become inputs by these names, in this order,
  /// and `inputs` need not name them. A name that the table lacks is an error; columns beside them are left
  /// out, which Dataset::notes says. Without a header columns are taken by position.
  std::vector<InputColumns> input_columns;
  ImageSize image_size;  ///< of a directory of pictures: what all are resized to
  ColorMode color_mode = ColorMode::Rgb;
  /// Mixes the pictures of a directory once, so that the last ones are not all of the last class; empty:
  /// sorted by path.
  std::optional<std::uint64_t> image_order_seed;
  /// Labels of a target of text by number, from an earlier `Dataset::class_names`. Empty: 0, 1, … in sorted
  /// order.
  std::vector<std::string> class_names;
};

struct LoadedData {
  Dataset train;
  std::optional<Dataset> validation;  ///< of an NPZ with x_val and y_val
};

/// Reads everything into memory and checks it (`Dataset::check`). In an NPZ, several inputs and targets are
/// called x0, x1, …, y0, y1, …, their validation x0_val, …, and weights per output sample_weight0, …; or by
/// the model's ports: left, right, kind, kind_val, sample_weight_kind, …. Decimal text is rounded to the
/// nearest float32. Throws Error(Data), or Error(File) if a file cannot be read.
[[nodiscard]] LoadedData load_data(const DataSpec& spec);

/// Keeps `Dataset::class_names` as JSON, so that a later run gives the same labels the same numbers
/// (`DataSpec::class_names`). Throws Error(File).
void write_class_names(const std::filesystem::path& file, const std::vector<std::string>& names);

/// Throws Error(Data) if the file is not such a list, Error(File) if it cannot be read.
[[nodiscard]] std::vector<std::string> read_class_names(const std::filesystem::path& file);

/// Keeps Model::input_columns as JSON. Throws Error(File).
void write_input_columns(const std::filesystem::path& file, const std::vector<InputColumns>& columns);

/// Throws Error(Model) if the file is not such a list, Error(File) if it cannot be read.
[[nodiscard]] std::vector<InputColumns> read_input_columns(const std::filesystem::path& file);

}  // namespace kairos::host
