// SPDX-License-Identifier: MIT
// A crash leaves history.jsonl newer than history.json; a run that ended writes history.json last.
#include "cli/live_history.hpp"

#include <string>

#include "base/input_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

void LiveHistory::begin(const std::filesystem::path& directory) {
  if (!directory.empty()) file_.emplace(directory / live_history_name);
}

void LiveHistory::cut_to(std::int64_t epoch) {
  if (file_) file_->cut_to(epoch);
}

void LiveHistory::append(const History& history) {
  if (!file_) return;
  try {
    file_->append(history);
    fails_ = false;
  } catch (const Error& error) {
    if (!fails_ && messages_)
      messages_(Level::Warning, "",
                std::string(error.what()) +
                    " Training goes on, and the next epoch tries again; history.json is written at the end");
    fails_ = true;
  }
}

std::filesystem::path history_file_in(const std::filesystem::path& directory) {
  std::filesystem::path lines = directory / live_history_name, whole = directory / "history.json";
  const auto of_lines = stamp_of(lines), of_whole = stamp_of(whole);
  if (!of_lines || of_lines->size == 0) return whole;
  if (!of_whole || of_whole->modified < of_lines->modified) return lines;
  try {
    static_cast<void>(read_history_file(whole));
    return whole;
  } catch (const Error&) {
    return lines;
  }
}

History read_history_file(const std::filesystem::path& file) {
  return file.extension() == ".jsonl" ? read_history_lines(file)
                                      : parse_history(read_file(file), file.string());
}

}  // namespace kairos::host::cli
