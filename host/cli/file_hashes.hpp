// SPDX-License-Identifier: MIT
// The content of the files that a run uses, as SHA-256, computed while it trains.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/input_file.hpp"

namespace kairos::host::cli {

/// A file as it was when the run began to use it.
struct UsedFile {
  std::filesystem::path path;
  std::optional<FileStamp> stamp;  ///< empty if it does not exist, or is a directory
  /// Empty while it is unknown, and for a directory, a file of 1 GiB or more, and one that has changed.
  std::string sha256;
};

/// Reads the files on a thread of the lowest priority.
class FileHashes {
 public:
  FileHashes() = default;
  ~FileHashes();
  FileHashes(const FileHashes&) = delete;
  FileHashes& operator=(const FileHashes&) = delete;

  void start(std::vector<UsedFile> files);
  /// Whether all are known. Costs nothing.
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  /// Waits for at most this time, and then for the block that is being read; the files that are not known by
  /// then stay without.
  void finish(std::chrono::milliseconds longest);
  /// In the order of `start`, as far as it is known.
  [[nodiscard]] std::vector<UsedFile> files() const;

 private:
  void run(const std::stop_token& stop);

  mutable std::mutex lock_;
  std::vector<UsedFile> files_;
  std::atomic<bool> complete_ = true;
  std::jthread thread_;
};

}  // namespace kairos::host::cli
