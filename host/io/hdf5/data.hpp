// SPDX-License-Identifier: MIT
// Arrays of training data in HDF5 files: "file.h5:/path/to/dataset".
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/input_file.hpp"
#include "kairos/host/array.hpp"

namespace kairos::host {

/// Reads floats of 16 to 64 bits, integers and bool as float32, in any byte order; values that would change
/// silently are rejected with value and row. Nothing is allocated beyond what the stored bytes can hold.
/// Throws Error(Data), or Error(File) if the file cannot be read. The HDF5 library crashes on damaged files:
/// callers use `read_hdf5_data_isolated`.
[[nodiscard]] Array read_hdf5_data(const std::filesystem::path& path, const std::string& dataset);

/// How the values of an array are stored in their file.
struct Hdf5Storage {
  /// For contiguous values: their offset, and `type` in NumPy's notation ("<f4", ">i8"); otherwise all 0.
  std::uint64_t begin = 0;
  char type[4] = {};
  /// Rows that are decompressed together, in all columns; 0 if the array is not chunked.
  std::int64_t chunk_rows = 0;
};

/// The same array, whose rows are read on request.
class Hdf5DataRows {
 public:
  Hdf5DataRows(const InputFile& file, const std::string& dataset);
  ~Hdf5DataRows();
  Hdf5DataRows(const Hdf5DataRows&) = delete;
  Hdf5DataRows& operator=(const Hdf5DataRows&) = delete;

  [[nodiscard]] const std::vector<std::int64_t>& shape() const;
  [[nodiscard]] Hdf5Storage storage() const;
  /// Writes rows [first, first + count) to `out`; for an array that has rows.
  void read(std::int64_t first, std::int64_t count, float* out) const;

 private:
  struct Open;
  std::unique_ptr<Open> open_;
};

}  // namespace kairos::host
