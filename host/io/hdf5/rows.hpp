// SPDX-License-Identifier: MIT
// Rows of an HDF5 data set, isolated from crashes of the HDF5 library.
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

/// For its lifetime, a child process has the file open and reads rows on request. Values and errors are those
/// of `read_hdf5_data`; a crash of the child is reported, with the file's name.
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
  /// The location of the values, if they are contiguous and of a type that NumPy knows: then they can be read
  /// without the child and the library.
  [[nodiscard]] std::optional<NpyHeader> plain() const;
  /// Rows that are best read together, starting at a multiple of this number: whole chunks. At least 1.
  [[nodiscard]] std::int64_t rows_at_once() const noexcept { return rows_at_once_; }
  /// Rows of a chunk; 0 if the array is not chunked.
  [[nodiscard]] std::int64_t chunk_rows() const noexcept { return storage_.chunk_rows; }
  /// Writes rows [first, first + count) to `out`; for an array that has rows. Thread-safe; callers wait for
  /// each other.
  void read(std::int64_t first, std::int64_t count, float* out);

 private:
  void start(const std::string& dataset);
  void receive_layout();
  void end() noexcept;
  [[nodiscard]] std::int64_t rows_per_request(std::int64_t count) const;
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
  int ended_ = 0;  ///< exit status of the child
  int socket_ = -1;
};

}  // namespace kairos::host
