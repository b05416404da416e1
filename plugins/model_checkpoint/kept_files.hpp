// SPDX-License-Identifier: MIT
// The files that this callback wrote and still has, so that it can remove the worst or the oldest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kairos::plugins {

/// Files are remembered with their size and time, and removed only if these are unchanged: a file that
/// someone else has written since is left alone.
class KeptFiles {
 public:
  /// `base` is the directory that relative names refer to, with a slash at its end: the run directory. Names
  /// in it are stored without it, so that a run directory can be moved.
  explicit KeptFiles(std::string base = {}) : base_(std::move(base)) {}

  /// Replaces the list by one that text() returned; files that are gone are left out.
  void read(std::string_view text);
  [[nodiscard]] std::string text() const;

  [[nodiscard]] std::size_t size() const { return files_.size(); }
  /// The scores, oldest file first.
  [[nodiscard]] std::vector<double> scores() const;

  /// Remembers a file that has just been written, in place of an earlier one of that name.
  void add(const std::filesystem::path& file, double score);
  /// Removes the file at `index` from the list and from the disk. Returns a warning if it stays on the disk,
  /// "" if it was removed or was gone.
  [[nodiscard]] std::string remove(std::size_t index);

 private:
  struct File {
    std::string name;  ///< without base_
    double score = 0;
    std::int64_t size = 0;
    std::int64_t time = 0;  ///< of the last change, in nanoseconds
  };

  [[nodiscard]] std::filesystem::path path_of(const File& file) const;

  std::string base_;
  std::vector<File> files_;
};

}  // namespace kairos::plugins
