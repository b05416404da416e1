// SPDX-License-Identifier: MIT
// Rows of an HDF5 data set, read where a fault of the HDF5 library cannot hurt.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace kairos::host {

/// A child process has the file open and reads rows when it is asked, as long as this lives. Values are those
/// of `read_hdf5_data`, and so are errors; what kills the child is reported as a damaged file.
class IsolatedHdf5Rows {
 public:
  IsolatedHdf5Rows(const std::filesystem::path& path, const std::string& dataset);
  ~IsolatedHdf5Rows();
  IsolatedHdf5Rows(const IsolatedHdf5Rows&) = delete;
  IsolatedHdf5Rows& operator=(const IsolatedHdf5Rows&) = delete;

  [[nodiscard]] const std::vector<std::int64_t>& shape() const noexcept { return shape_; }
  /// Writes rows [first, first + count) to `out`; for an array that has rows. Several threads may, and wait
  /// for each other.
  void read(std::int64_t first, std::int64_t count, float* out);

 private:
  void start(const std::filesystem::path& path, const std::string& dataset);
  void end() noexcept;
  void read_piece(std::int64_t first, std::int64_t count, float* out);
  [[noreturn]] void child_died();

  std::string origin_;
  std::vector<std::int64_t> shape_;
  std::int64_t row_size_ = 1;
  std::mutex mutex_;
  pid_t child_ = -1;
  int socket_ = -1;
};

}  // namespace kairos::host
