// SPDX-License-Identifier: MIT
// The history of a run while it trains: one line per epoch, so that a crash loses no curve and others can
// watch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "kairos/host/history.hpp"

namespace kairos::host {

/// Appends epochs to a file of JSON lines, {"epoch": 0, "logs": {"loss": 0.5, …}}, with numbers as
/// History::json writes them. Each line is complete after `append`; it is on disk when the system writes it
/// there, so a power cut may cost the last lines.
class HistoryFile {
 public:
  /// Creates `file` if it does not exist; otherwise its content stays until the first `append`, which
  /// replaces it. Throws Error(File).
  explicit HistoryFile(const std::filesystem::path& file);
  ~HistoryFile();
  HistoryFile(const HistoryFile&) = delete;
  HistoryFile& operator=(const HistoryFile&) = delete;

  /// For a run that continues: keeps the lines of the epochs before `epoch` (an index from 0). Removes later
  /// lines, and everything from a damaged line on. Throws Error(File).
  void cut_to(std::int64_t epoch);

  /// Adds the epochs of `history` that follow the last one of the file, with one write for up to 256 of them.
  /// Throws Error(File) if that fails; the file then ends with a complete line, and the next call tries
  /// again.
  void append(const History& history);

 private:
  [[noreturn]] void fail(const char* what, int error) const;
  void write(std::string_view lines);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;  ///< of the lines that are kept
  bool has_rest_ = true;    ///< the file may be longer than `size_`
  std::int64_t last_ = -1;  ///< epoch of the last line
};

/// Reads such lines; `origin` names the text in messages. A damaged last line, which a crash may leave, is
/// left out. Throws Error(File) for any other damage.
[[nodiscard]] History parse_history_lines(std::string_view text, std::string_view origin);

/// The same for a file, to which a run may be appending.
[[nodiscard]] History read_history_lines(const std::filesystem::path& file);

}  // namespace kairos::host
