// SPDX-License-Identifier: MIT
// What a run directory says about its run. Whatever is in it, reading it does not fail.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "kairos/host/history.hpp"

namespace kairos::host::cli {

struct RunSummary {
  std::string name;  ///< as the user knows it
  /// "completed", "stopped", "interrupted" or "failed"; "running" while its process lives, "crashed" if that
  /// ended without a word; "unknown" if the directory does not say; "unreadable" if run.json is damaged.
  std::string result = "unknown";
  std::string reason;   ///< of that result; "" for none
  std::string started;  ///< "2026-01-31T12:00:00Z"; "" if unknown
  std::optional<double> seconds;
  History history;  ///< empty if there is none
  std::string history_fault;
  std::string monitor;              ///< the key that decides which epoch is best; "" for none
  std::optional<std::size_t> best;  ///< index in `history`
  /// run.json without "run", with paths relative to the current directory.
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();
  nlohmann::ordered_json facts = nlohmann::ordered_json::object();  ///< "run" in run.json
};

/// `monitor` may be "" to let the run decide.
[[nodiscard]] RunSummary summary_of(const std::filesystem::path& directory, const std::string& name,
                                    const std::string& monitor);

/// Whether the directory has anything that a run writes.
[[nodiscard]] bool is_run_directory(const std::filesystem::path& directory);

}  // namespace kairos::host::cli
