// SPDX-License-Identifier: MIT
// Writes files so that the final name always holds either the old content or all of the new.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace kairos::host {

/// Collects content under a temporary name in the directory of `path`. `path` is not touched before `commit`;
/// without it the temporary file is removed; one that a killed process leaves is removed by a later run
/// (base/temporary_files.hpp). A symbolic link is followed, the mode of an existing file is
/// kept. Throws Error(File).
class AtomicFile {
 public:
  /// `bytes` is the expected size, approximately. Large content bypasses the page cache where the file system
  /// supports it: filling the cache can take more processor time than everything else, several times more on
  /// a virtual machine that is given its memory on first access, and that time is lost for training.
  explicit AtomicFile(const std::filesystem::path& path, std::uint64_t bytes = 0);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  /// Flushes the content to disk, gives it the final name, and flushes the directory.
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
  std::filesystem::path temporary_;  ///< empty once it is renamed or removed
  int descriptor_ = -1;
  bool replaced_ = false;  ///< whether a file of that name existed
  bool cached_ = true;
  std::unique_ptr<char[], Free> staged_;  ///< null, or data that do not fill a block yet
  std::size_t staged_bytes_ = 0;
};

/// AtomicFile for content that is complete.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Creates the missing parent directories of `file`. Throws Error(File).
void make_parent_directories(const std::filesystem::path& file);

}  // namespace kairos::host
