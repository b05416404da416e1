// SPDX-License-Identifier: MIT
// history.jsonl in the run directory: the history while the run trains.
#pragma once

#include <filesystem>
#include <optional>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/history.hpp"
#include "train/history_file.hpp"

namespace kairos::host::cli {

constexpr const char* live_history_name = "history.jsonl";

/// Writes it if the run has a directory. A file that can no longer be written costs a warning, not the run:
/// history.json is written at the end.
class LiveHistory {
 public:
  /// Borrows `messages`.
  explicit LiveHistory(const MessageSink& messages) : messages_(messages) {}

  /// For the start of a run; nothing happens if `directory` is empty. Throws Error(File).
  void begin(const std::filesystem::path& directory);
  /// As HistoryFile::cut_to, after `begin`.
  void cut_to(std::int64_t epoch);
  /// As HistoryFile::append; the first of several failures in a row is a warning.
  void append(const History& history);

 private:
  const MessageSink& messages_;
  std::optional<HistoryFile> file_;
  bool fails_ = false;
};

/// The file that has the history of a run directory: history.jsonl if it has an epoch and history.json does
/// not exist or is older (the run goes on, or has crashed), else history.json, which need not exist.
[[nodiscard]] std::filesystem::path history_file_in(const std::filesystem::path& directory);

/// Reads a History as JSON or, if the name ends in .jsonl, as lines. Throws Error(File).
[[nodiscard]] History read_history_file(const std::filesystem::path& file);

}  // namespace kairos::host::cli
