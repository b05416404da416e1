// SPDX-License-Identifier: MIT
// The file of one run checkpoint, and the records of the file that keeps the History.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "kairos/host/checkpoint.hpp"
#include "kairos/host/history.hpp"

namespace kairos::host {

/// How much of the history file belongs to a checkpoint; what follows was written for a later one.
struct HistoryLength {
  std::uint64_t bytes = 0;
  std::uint64_t hash = 0;  ///< of the records, one after the other
  std::size_t epochs = 0, files = 0;
};

struct StoredCheckpoint {
  FitCheckpoint checkpoint;
  bool finished = false;
  RunEnd end = RunEnd::Completed;  ///< if finished
  HistoryLength history;
};

/// Atomic and flushed. Throws Error(File).
void write_checkpoint(const std::filesystem::path& file, const StoredCheckpoint& stored);
/// Throws Error(File): KAIROS-F090 for a damaged file, KAIROS-F091 for one of a newer version.
[[nodiscard]] StoredCheckpoint read_checkpoint(const std::filesystem::path& file);

/// The records of the epochs and files of `history` after `length`, which is advanced.
[[nodiscard]] std::string history_records(const History& history, HistoryLength& length);
/// The History of the first `length` bytes. Throws Error(File) KAIROS-F090.
[[nodiscard]] History read_history_records(const std::filesystem::path& file, const HistoryLength& length);

}  // namespace kairos::host
