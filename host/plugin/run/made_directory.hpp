// SPDX-License-Identifier: MIT
// The run directory until something runs: a run that is refused before leaves nothing behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kairos::host {

/// Creates a directory with its parents and, unless kept, removes those that it has created and that are
/// still empty.
class MadeDirectory {
 public:
  /// "" is no directory. Throws Error(File) KAIROS-F062.
  explicit MadeDirectory(const std::string& directory);
  ~MadeDirectory();
  MadeDirectory(const MadeDirectory&) = delete;
  MadeDirectory& operator=(const MadeDirectory&) = delete;

  void keep() noexcept { created_.clear(); }

 private:
  std::vector<std::filesystem::path> created_;  ///< the innermost first
};

}  // namespace kairos::host
