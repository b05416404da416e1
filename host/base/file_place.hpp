// SPDX-License-Identifier: MIT
// Which file a path means, whatever it is called.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace kairos::host {

/// Where a path leads at the moment of its construction. Symbolic links are followed, also one whose target
/// does not exist yet. Two places are equal if writing to one is writing to the other: the same file by
/// device and inode, or the same name to be made in the same directory.
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
  /// Whether this would lie below the directory.
  [[nodiscard]] bool is_inside(const FilePlace& directory) const;
  /// Whether links in this directory, or in those in it, lead to `file` or to a directory above it. Looks at
  /// all entries if `file` exists.
  [[nodiscard]] bool has_link_to(const FilePlace& file) const;

 private:
  std::filesystem::path path_;     ///< as given where that exists, which needs no more than a stat
  std::filesystem::path missing_;  ///< behind the directory that exists; empty for an existing file
  dev_t device_ = 0;               ///< of the file, else of the last directory on the way to it
  ino_t inode_ = 0;
  mode_t mode_ = 0;
  nlink_t names_ = 0;
};

}  // namespace kairos::host
