// SPDX-License-Identifier: MIT
// The directory of --run-dir: one run at a time, and the configuration that led to what is in it.
#pragma once

#include <filesystem>
#include <string>

namespace kairos::host::cli {

/// Nothing is made before `begin`. Throws Error(File).
class RunDirectory {
 public:
  /// `directory` as the user gave it; "" for a run without one, for which nothing below does anything.
  /// Refuses a place that cannot be written.
  explicit RunDirectory(const std::string& directory);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  /// Absolute; empty if there is none.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Whether a file of this name is in it, which an earlier run has left.
  [[nodiscard]] bool holds(const char* name) const;

  /// Makes the directory, locks it until this object ends, and writes the configuration under `name`. Refuses
  /// a directory that another run has locked; a lock ends with its process, however that ends.
  void begin(const char* name, const std::string& configuration);

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace kairos::host::cli
