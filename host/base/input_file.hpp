// SPDX-License-Identifier: MIT
// Opens a regular file for reading without ever waiting for one that is not, and reads it with coded errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "kairos/host/error.hpp"

namespace kairos::host {

/// Bytes in sequence, of a known origin.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills as much of `bytes` as there is; fewer than asked for only at the end.
  virtual std::size_t read(std::span<std::byte> bytes) = 0;
};

/// Tells a file from every other one, and from itself after somebody wrote to it.
struct FileStamp {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
};

/// Empty if there is no such file.
[[nodiscard]] std::optional<FileStamp> stamp_of(const std::filesystem::path& path);

/// What becomes of a file of no bytes.
enum class EmptyFile {
  Refused,
  Opened,  ///< its reader has a fault of its own for it
};

/// A regular, non-empty file. A directory, FIFO, device, socket or empty file throws Error(File) at once.
class InputFile final : public ByteSource {
 public:
  explicit InputFile(const std::filesystem::path& path, EmptyFile empty = EmptyFile::Refused);
  ~InputFile() override;
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Bytes when it was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return stamp_.size; }
  /// As it was when it was opened.
  [[nodiscard]] const FileStamp& stamp() const noexcept { return stamp_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  std::size_t read(std::span<std::byte> bytes) override;
  /// Fills `bytes` from `offset` on, wherever `read` is; several threads may. Throws Error(File) if the file
  /// has become too short for that.
  void read_all_at(std::uint64_t offset, std::span<std::byte> bytes) const;

  /// Throws Error(File) if somebody has written to the file since it was opened: what was read before this
  /// may be neither the old content nor the new. A file that takes its name is another one, and does not
  /// matter.
  void check_unchanged() const;
  /// Throws Error(File) unless size and time are those of the stamp `earlier`.
  void check_is(const FileStamp& earlier) const;

 private:
  std::string name_;
  int descriptor_ = -1;
  FileStamp stamp_;
};

/// Calls `read`, which reads from `file`. That somebody wrote to the file since it was opened is the error
/// then, whatever `read` throws for what it found.
template <class File, class Read>
decltype(auto) unless_changed(File& file, const Read& read) {
  try {
    return read();
  } catch (const Error&) {
    file.check_unchanged();
    throw;
  }
}

/// All of a file. Throws Error(File) if it is larger than `limit`, or written to meanwhile.
[[nodiscard]] std::string read_file(InputFile& file, std::uint64_t limit = UINT64_MAX);
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::uint64_t limit = UINT64_MAX);

}  // namespace kairos::host
