// SPDX-License-Identifier: MIT
// Rows of an array, read when they are needed: what each kind of file that can be streamed gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/array_file.hpp"
#include "io/hdf5/data.hpp"
#include "kairos/host/data.hpp"

namespace kairos::host {

class ArrayRows {
 public:
  virtual ~ArrayRows() = default;

  [[nodiscard]] virtual const std::vector<std::int64_t>& shape() const = 0;

  /// As NamedArray::columns and Dataset::notes.
  [[nodiscard]] virtual std::vector<std::string> columns() const { return {}; }
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }

  /// Writes rows [first, first + count) to `out`. `scratch` is the caller's, so that several threads may read
  /// and none allocates for each piece. Throws Error(Data), Error(File).
  using Scratch = std::vector<char>;
  virtual void read(std::int64_t first, std::int64_t count, float* out, Scratch& scratch) const = 0;

  /// Throws Error(File) if somebody has written to the file since it was opened: what was read before this
  /// may be wrong.
  virtual void check_unchanged() const {}

  /// Why rows from all over the file take long; "" if they do not.
  [[nodiscard]] virtual std::string slow_at_random() const { return ""; }
};

/// Opens a file by its name. Throws Error(Data) for a kind that cannot be streamed, or for what its header
/// shows to be wrong; Error(File).
[[nodiscard]] std::unique_ptr<ArrayRows> open_array_rows(const std::string& file,
                                                         const ArrayFileOptions& options);

/// In C order.
[[nodiscard]] std::unique_ptr<ArrayRows> open_npy_rows(const std::string& file);
[[nodiscard]] std::unique_ptr<ArrayRows> open_table_rows(const std::string& file,
                                                         const ArrayFileOptions& options);
/// Not compressed.
[[nodiscard]] std::unique_ptr<ArrayRows> open_idx_rows(const std::string& file);
[[nodiscard]] std::unique_ptr<ArrayRows> open_hdf5_rows(const Hdf5Location& location);

/// A directory of pictures as `read_image_folder` reads it.
struct FolderRows {
  std::unique_ptr<ArrayRows> pictures;
  std::unique_ptr<ArrayRows> labels;  ///< null without classes
  std::vector<std::string> class_names, files;
};
[[nodiscard]] FolderRows open_folder_rows(const DataSpec& spec);

/// Refuses a single value; `name` is the array's.
void check_has_rows(const std::vector<std::int64_t>& shape, const std::string& name);

}  // namespace kairos::host
