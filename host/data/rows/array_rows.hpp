// SPDX-License-Identifier: MIT
// Rows of an array that are read when they are needed: the interface of all kinds of files that can be
// streamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/array_file.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

class ArrayRows {
 public:
  virtual ~ArrayRows() = default;

  [[nodiscard]] virtual const std::vector<std::int64_t>& shape() const = 0;

  /// As NamedArray::columns and Dataset::notes.
  [[nodiscard]] virtual std::vector<std::string> columns() const { return {}; }
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }

  /// Writes rows [first, first + count) to `out`. Thread-safe; `scratch` belongs to the caller, so that not
  /// every call allocates. Throws Error(Data), Error(File).
  using Scratch = std::vector<char>;
  virtual void read(std::int64_t first, std::int64_t count, float* out, Scratch& scratch) const = 0;

  /// Throws Error(File) if the file was modified since it was opened: earlier reads may be wrong.
  virtual void check_unchanged() const {}

  /// As SampleSource::slow_at_random.
  [[nodiscard]] virtual std::string slow_at_random() const { return ""; }
};

/// Opens a file by its name. Throws Error(Data) for a kind that cannot be streamed, or for an invalid header;
/// Error(File).
[[nodiscard]] std::unique_ptr<ArrayRows> open_array_rows(const std::string& file,
                                                         const ArrayFileOptions& options);

/// Rows of values in memory: the numbers of labels.
[[nodiscard]] std::unique_ptr<ArrayRows> value_rows(Array array);

/// C order only.
[[nodiscard]] std::unique_ptr<ArrayRows> open_npy_rows(const std::string& file);
[[nodiscard]] std::unique_ptr<ArrayRows> open_table_rows(const std::string& file,
                                                         const ArrayFileOptions& options);
/// Uncompressed only.
[[nodiscard]] std::unique_ptr<ArrayRows> open_idx_rows(const std::string& file);
[[nodiscard]] std::unique_ptr<ArrayRows> open_hdf5_rows(const Hdf5Location& location);

/// A directory of images as `read_image_folder` reads it.
struct FolderRows {
  std::unique_ptr<ArrayRows> images;
  std::unique_ptr<ArrayRows> labels;  ///< null without classes
  std::vector<std::string> class_names, files, notes;
};
[[nodiscard]] FolderRows open_folder_rows(const DataSpec& spec);

/// Rejects a single value; `name` is that of the array.
void check_has_rows(const std::vector<std::int64_t>& shape, const std::string& name);

}  // namespace kairos::host
