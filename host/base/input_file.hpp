// SPDX-License-Identifier: MIT
// Opens regular files for reading without ever blocking on other kinds, and reads them with coded errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "kairos/host/error.hpp"

namespace kairos::host {

/// A sequence of bytes.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills `bytes` and returns how many were read; fewer than requested only at the end.
  virtual std::size_t read(std::span<std::byte> bytes) = 0;
};

/// Identifies a file and its version: other files, and modified ones, have different stamps.
struct FileStamp {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
};

/// Empty if the file does not exist.
[[nodiscard]] std::optional<FileStamp> stamp_of(const std::filesystem::path& path);

/// How an empty file is treated.
enum class EmptyFile {
  Refused,
  Opened,  ///< its reader has an error of its own
};

/// A regular, non-empty file. A directory, FIFO, device, socket or empty file throws Error(File) at once.
class InputFile final : public ByteSource {
 public:
  explicit InputFile(const std::filesystem::path& path, EmptyFile empty = EmptyFile::Refused);
  ~InputFile() override;
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Size in bytes when the file was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return stamp_.size; }
  /// The version that was opened.
  [[nodiscard]] const FileStamp& stamp() const noexcept { return stamp_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  std::size_t read(std::span<std::byte> bytes) override;
  /// Fills `bytes` from `offset` on, independent of `read`; thread-safe. Throws Error(File) if the file has
  /// become too short.
  void read_all_at(std::uint64_t offset, std::span<std::byte> bytes) const;

  /// Throws Error(File) if the file was modified since it was opened: what was read before this call may be
  /// neither the old content nor the new. A file that replaced it under its name is a different file, and
  /// does not matter.
  void check_unchanged() const;
  /// Throws Error(File) unless size and time are those of the stamp `earlier`.
  void check_is(const FileStamp& earlier) const;

 private:
  std::string name_;
  int descriptor_ = -1;
  FileStamp stamp_;
};

/// Calls `read`, which reads from `file`. If `read` fails and the file was modified since it was opened, that
/// modification is the error that is thrown.
template <class File, class Read>
decltype(auto) unless_changed(File& file, const Read& read) {
  try {
    return read();
  } catch (const Error&) {
    file.check_unchanged();
    throw;
  }
}

/// The whole content. Throws Error(File) if the file is larger than `limit`, or modified while it is read.
[[nodiscard]] std::string read_file(InputFile& file, std::uint64_t limit = UINT64_MAX);
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::uint64_t limit = UINT64_MAX);

}  // namespace kairos::host
