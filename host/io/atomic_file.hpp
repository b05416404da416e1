// SPDX-License-Identifier: MIT
// Writes files so that under their final name there is always either the old content or all of the new.
#pragma once

#include <filesystem>
#include <string_view>

namespace kairos::host {

/// Collects content under a temporary name beside `path`. Nothing happens to `path` before `commit`; without
/// it the temporary is removed. A symbolic link is followed, the mode of an existing file is kept. Throws
/// Error(File).
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  /// Brings the content to the disk, then under the final name, then that name to the disk.
  void commit();

 private:
  [[noreturn]] void fail(const char* what, int error) const;

  std::filesystem::path path_;       ///< as given, for messages
  std::filesystem::path target_;     ///< with links followed
  std::filesystem::path temporary_;  ///< empty once it is gone
  int descriptor_ = -1;
};

/// AtomicFile for content that is at hand.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Makes the directories that `file` is to stand in. Throws Error(File).
void make_parent_directories(const std::filesystem::path& file);

}  // namespace kairos::host
