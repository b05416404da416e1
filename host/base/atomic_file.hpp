// SPDX-License-Identifier: MIT
// Writes files so that under their final name there is always either the old content or all of the new.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace kairos::host {

/// Collects content under a temporary name beside `path`. Nothing happens to `path` before `commit`; without
/// it the temporary is removed. A symbolic link is followed, the mode of an existing file is kept. Throws
/// Error(File).
class AtomicFile {
 public:
  /// `bytes` is what is going to be written, roughly. Many megabytes go past the page cache where the file
  /// system allows that: filling it can take more processor time than all else, several times so on a virtual
  /// machine that is given its memory when it first touches it, and training wants that time.
  explicit AtomicFile(const std::filesystem::path& path, std::uint64_t bytes = 0);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  /// Brings the content to the disk, then under the final name, then that name to the disk.
  void commit();

 private:
  struct Free {
    void operator()(char* memory) const noexcept;
  };

  [[noreturn]] void fail(const char* what, int error) const;
  void create();
  void leave_cache_out();
  void use_cache();
  void write_now(std::string_view bytes);

  std::filesystem::path path_;       ///< as given, for messages
  std::filesystem::path target_;     ///< with links followed
  std::filesystem::path temporary_;  ///< empty once it is gone
  int descriptor_ = -1;
  bool replaced_ = false;  ///< what was there before
  bool cached_ = true;
  std::unique_ptr<char[], Free> staged_;  ///< null, or what waits for being a whole block past the cache
  std::size_t staged_bytes_ = 0;
};

/// AtomicFile for content that is at hand.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Makes the directories that `file` is to stand in. Throws Error(File).
void make_parent_directories(const std::filesystem::path& file);

}  // namespace kairos::host
