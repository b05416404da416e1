// SPDX-License-Identifier: MIT
// Data sets of HDF5 files that somebody wrote to train on: "file.h5:/path/to/dataset".
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

struct Hdf5Location {
  std::filesystem::path file;
  std::string dataset;  ///< "" if only the file was named
};

/// "d.h5:/x" or "d.hdf5:/x", also the file alone; empty for every other text.
[[nodiscard]] std::optional<Hdf5Location> hdf5_location(std::string_view text);

/// Floats of 16 to 64 bits, integers and bool as float32, whatever their byte order; what would change
/// silently is refused with value and row. Nothing is allocated beyond what the stored bytes can hold. Throws
/// Error(Data), or Error(File) for what cannot be read. The HDF5 library crashes on damaged files: callers
/// use `read_hdf5_data_isolated`.
[[nodiscard]] Array read_hdf5_data(const std::filesystem::path& path, const std::string& dataset);

/// How the values of an array lie in their file.
struct Hdf5Storage {
  /// Plain values, one after the other: `type` in NumPy's words ("<f4", ">i8"), or all 0.
  std::uint64_t begin = 0;
  char type[4] = {};
  /// Rows that are decompressed together, through all columns; 0 if the array is not in chunks.
  std::int64_t chunk_rows = 0;
};

/// The same array, of which rows are read when they are asked for.
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
