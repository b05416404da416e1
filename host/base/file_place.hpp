// SPDX-License-Identifier: MIT
// Identifies the file that a path refers to, independent of its name.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace kairos::host {

/// The file that a path refers to at the time of construction. Symbolic links are followed, even if the
/// target does not exist yet. Two places are equal if writing to one means writing to the other: the same
/// file by device and inode, or the same new name in the same directory.
class FilePlace {
 public:
  explicit FilePlace(const std::filesystem::path& path);

  /// Links are resolved as far as the path exists.
  [[nodiscard]] std::filesystem::path path() const;
  [[nodiscard]] bool exists() const noexcept { return missing_.empty(); }
  [[nodiscard]] bool is_directory() const noexcept;
  /// A device, a FIFO or a socket: writing to it replaces nothing.
  [[nodiscard]] bool is_stream() const noexcept;

  [[nodiscard]] bool operator==(const FilePlace& other) const;
  /// Whether this place is inside the directory.
  [[nodiscard]] bool is_inside(const FilePlace& directory) const;
  /// Whether a link in this directory, or in one of its direct sub-directories, leads to `file` or to a
  /// parent directory of it. If `file` exists, all entries are inspected.
  [[nodiscard]] bool has_link_to(const FilePlace& file) const;

 private:
  std::filesystem::path path_;     ///< as given if it exists: then a single stat is enough
  std::filesystem::path missing_;  ///< the part after the last existing directory; empty for an existing file
  dev_t device_ = 0;               ///< of the file, or of the last existing directory
  ino_t inode_ = 0;
  mode_t mode_ = 0;
  nlink_t names_ = 0;
};

}  // namespace kairos::host
