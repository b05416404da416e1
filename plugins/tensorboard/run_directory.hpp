// SPDX-License-Identifier: MIT
// The directory that one run has for itself.
#pragma once

#include <filesystem>

namespace kairos::plugins::tensorboard {

/// TensorBoard reads the files of a directory one after the other and leaves an older one for good, so two
/// runs that write into one at the same time would lose numbers: while a run has it, others are refused.
class RunDirectory {
 public:
  RunDirectory() = default;
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  ~RunDirectory();

  /// Throws kairos::Error unless `directory` can be written, or made and written, and belongs to no other
  /// run. Makes nothing; what is there is kept from others at once.
  void check(const std::filesystem::path& directory);

  /// Makes the directory and keeps it until destroyed. Throws kairos::Error.
  void claim(const std::filesystem::path& directory);

 private:
  void lock(const std::filesystem::path& directory);

  int descriptor_ = -1;
};

/// Throws kairos::Error unless files can be made in `directory`, which need not be there. Makes nothing.
void require_writable(const std::filesystem::path& directory);

}  // namespace kairos::plugins::tensorboard
