// SPDX-License-Identifier: MIT
// An event file of its own for each run, in a directory that TensorBoard watches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::plugins::tensorboard {

class EventFile {
 public:
  /// Makes `directory` and, in it, a new file whose name comes after those of all event files there:
  /// TensorBoard reads one file after the other in the order of their names and never returns to an earlier
  /// one. Throws kairos::Error.
  void open(const std::filesystem::path& directory);
  [[nodiscard]] bool is_open() const { return out_.is_open(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Each throws kairos::Error where the disk takes no more. Not before open.
  void write_scalar(std::string_view tag, std::int64_t step, double value);
  void flush();

  /// For a run that goes on where an earlier one was saved. Whether an event of the earlier run still counts
  /// is for `keep` to say. TensorBoard can forget only by step, while curves over epochs, batches and steps
  /// share a directory: so it is told to forget everything, and what counts is written once more.
  using Keep = std::function<bool(std::string_view tag, std::int64_t step)>;
  void resume(const Keep& keep);

 private:
  void write(std::string_view event);
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path path_;
  std::ofstream out_;
};

/// The event files of a directory in the order in which TensorBoard reads them. Throws
/// std::filesystem::filesystem_error.
[[nodiscard]] std::vector<std::filesystem::path> event_files(const std::filesystem::path& directory);

}  // namespace kairos::plugins::tensorboard
