// SPDX-License-Identifier: MIT
// Runs this program again, as a process of its own.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace kairos::host::cli {

struct ChildRun {
  std::vector<std::string> arguments = {};  ///< of this program, from the command on
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< in addition to that of this process

  /// The line for a shell that does the same.
  [[nodiscard]] std::string command() const;
};

struct ChildResult {
  int exit_code = 0;        ///< 128 and the number of the signal that ended it
  bool was_ended = false;   ///< because it took too long
  bool was_loud = false;    ///< ended because it wrote too much
  int signal = 0;           ///< that is to end this program; the process was ended
  std::string output = {};  ///< of both streams
};

/// Waits for the end of the process, and kills it and what it has started after `limit`. Its output goes to
/// the file. Throws Error(File) if it cannot be started.
[[nodiscard]] ChildResult run(const ChildRun& child, const std::filesystem::path& output,
                              std::chrono::duration<double> limit);

/// A word of a shell's command line.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace kairos::host::cli
