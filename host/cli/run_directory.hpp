// SPDX-License-Identifier: MIT
// The directory of --run-dir: one run at a time, with the configuration of its content.
#pragma once

#include <filesystem>
#include <string>

namespace kairos::host::cli {

/// Creates nothing before `begin`. Throws Error(File).
class RunDirectory {
 public:
  /// `directory` as the user gave it; "" for a run without one, for which nothing below has an effect.
  /// Refuses a place that cannot be written to.
  enum class Use { Reading, Writing };  ///< whether it is only read, to go on with its run; then not locked
  explicit RunDirectory(const std::string& directory, Use use = Use::Writing);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  /// Absolute; empty if there is none.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Whether it contains a file of this name, left by an earlier run.
  [[nodiscard]] bool holds(const char* name) const;

  /// Locks the directory if it exists, before anything in it is read to go on from. Refuses one that another
  /// run has locked.
  void lock();

  /// Creates the directory, locks it until this object is destroyed, and writes the configuration under
  /// `name`. Refuses a directory that another run has locked. The lock ends with its process.
  void begin(const char* name, const std::string& configuration);

 private:
  std::filesystem::path path_;
  bool is_only_read_;
  int lock_ = -1;
};

}  // namespace kairos::host::cli
