// SPDX-License-Identifier: MIT
// Opens a regular file for reading without ever waiting for one that is not, and reads it with coded errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace kairos::host {

/// Bytes in sequence, of a known origin.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills as much of `bytes` as there is; fewer than asked for only at the end.
  virtual std::size_t read(std::span<std::byte> bytes) = 0;
};

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

  /// Bytes when it was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  std::size_t read(std::span<std::byte> bytes) override;
  /// Fills `bytes` from `offset` on, wherever `read` is; several threads may. Throws Error(File) if the file
  /// has become too short for that.
  void read_all_at(std::uint64_t offset, std::span<std::byte> bytes) const;

 private:
  std::string name_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// All of a file. Throws Error(File) if it is larger than `limit`.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::uint64_t limit = UINT64_MAX);

}  // namespace kairos::host
