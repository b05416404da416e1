// SPDX-License-Identifier: MIT
// Rows of an HDF5 data set, read where a fault of the HDF5 library cannot hurt.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/input_file.hpp"
#include "io/hdf5/data.hpp"
#include "io/npy_header.hpp"

namespace kairos::host {

/// A child process has the file open and reads rows when it is asked, as long as this lives. Values are those
/// of `read_hdf5_data`, and so are errors; what kills the child is reported, with the file's name.
class IsolatedHdf5Rows {
 public:
  IsolatedHdf5Rows(const std::filesystem::path& path, const std::string& dataset);
  ~IsolatedHdf5Rows();
  IsolatedHdf5Rows(const IsolatedHdf5Rows&) = delete;
  IsolatedHdf5Rows& operator=(const IsolatedHdf5Rows&) = delete;

  [[nodiscard]] const std::vector<std::int64_t>& shape() const noexcept { return shape_; }
  /// "d.h5:/x"
  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[nodiscard]] const InputFile& file() const noexcept { return file_; }
  /// Where the values lie, if they lie there one after the other in a type that NumPy knows: who knows that
  /// needs neither the child nor the library.
  [[nodiscard]] std::optional<NpyHeader> plain() const;
  /// Rows that are best read together, from a multiple of their number on: whole chunks. At least 1.
  [[nodiscard]] std::int64_t rows_at_once() const noexcept { return rows_at_once_; }
  /// Rows of a chunk; 0 if the array is not in chunks.
  [[nodiscard]] std::int64_t chunk_rows() const noexcept { return storage_.chunk_rows; }
  /// Writes rows [first, first + count) to `out`; for an array that has rows. Several threads may, and wait
  /// for each other.
  void read(std::int64_t first, std::int64_t count, float* out);

 private:
  void start(const std::string& dataset);
  void receive_layout();
  void end() noexcept;
  void read_piece(std::int64_t first, std::int64_t count, float* out);
  [[noreturn]] void child_died();

  InputFile file_;
  std::string where_;
  std::vector<std::int64_t> shape_;
  Hdf5Storage storage_;
  std::int64_t rows_at_once_ = 1;
  std::int64_t row_size_ = 1;
  std::mutex mutex_;
  pid_t child_ = -1;
  int ended_ = 0;  ///< how the child did
  int socket_ = -1;
};

}  // namespace kairos::host
