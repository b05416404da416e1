// SPDX-License-Identifier: MIT
// A directory that belongs to one run.
#pragma once

#include <filesystem>
#include <string_view>

namespace kairos::plugins::tensorboard {

/// TensorBoard reads the files of a directory one after the other and never returns to an older one. If two
/// runs wrote to it at the same time, points would be lost. While a run uses the directory, others are
/// rejected.
class RunDirectory {
 public:
  RunDirectory() = default;
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  ~RunDirectory();

  /// The host keeps other runs away from the directory, so it is not locked again.
  void is_locked_by_host() { is_locked_ = true; }

  /// Throws kairos::Error unless `directory` is writable or can be created, and no other run uses it. Creates
  /// nothing. An existing directory is locked.
  void check(const std::filesystem::path& directory);

  /// Creates and locks the directory until destruction. Throws kairos::Error.
  void claim(const std::filesystem::path& directory);

 private:
  void lock(const std::filesystem::path& directory);

  int descriptor_ = -1;
  bool is_locked_ = false;
};

/// Whether `directory` is the directory of the run ("": none), which may not exist yet.
[[nodiscard]] bool is_run_directory(const std::filesystem::path& directory, std::string_view run_directory);

/// Throws kairos::Error unless files can be created in `directory`, which may not exist yet. Creates nothing.
void require_writable(const std::filesystem::path& directory);

}  // namespace kairos::plugins::tensorboard
