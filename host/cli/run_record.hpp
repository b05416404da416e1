// SPDX-License-Identifier: MIT
// run.json: the settings of a run, and what made it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/file_hashes.hpp"
#include "cli/settings.hpp"
#include "kairos/host/plugins.hpp"
#include "kairos/host/run_files.hpp"

namespace kairos::host::cli {

/// How a run ended, or that it goes on.
enum class RunResult { Running, Completed, Stopped, Interrupted, Failed };
[[nodiscard]] std::string_view text_of(RunResult result);

/// The settings as Settings::json_in writes them, and under "run" versions, machine, files, times and result.
/// Used as a configuration, "run" is ignored.
class RunRecord {
 public:
  /// Borrows `settings`, and the plugins of `catalog`.
  RunRecord(const Settings& settings, const Catalog& catalog, std::span<const PluginSpec> plugins,
            const RunFiles& files);
  RunRecord(const RunRecord&) = delete;
  RunRecord& operator=(const RunRecord&) = delete;

  /// Notes the start, begins to read the files, and returns the content of run.json in `directory`; "" for a
  /// run without a directory, which has no record.
  [[nodiscard]] std::string start(const std::filesystem::path& directory);
  /// To be called when it has been written: from now on the functions below write it. The directory is not
  /// this run's before.
  void written() noexcept { is_written_ = !directory_.empty(); }
  /// Writes it as it is now. Throws Error(File).
  void write() const;
  /// Writes it once more when all files are hashed, so that a crash leaves their hashes. Cheap else. Does not
  /// throw.
  void refresh();
  /// Notes the end and writes it. Only the first call counts. Throws Error(File).
  void finish(RunResult result, const std::string& reason, std::int64_t epochs);

 private:
  struct UsedPlugin {
    const Plugin* plugin;
    std::vector<std::string> callbacks;
  };
  [[nodiscard]] std::string text() const;
  [[nodiscard]] nlohmann::ordered_json run() const;
  void add_plugin(const Catalog::Match& match);
  void add_files_of(const PluginSpec& spec, const CallbackManifest& callback);

  const Settings& settings_;
  std::vector<UsedPlugin> plugins_;
  std::vector<ReadFile> inputs_;
  std::filesystem::path directory_;
  nlohmann::ordered_json document_;  ///< the settings
  FileHashes hashes_;
  bool is_written_ = false, hashes_are_written_ = false;
  RunResult result_ = RunResult::Running;
  std::string reason_;
  std::int64_t epochs_ = -1;
  std::chrono::system_clock::time_point started_, ended_;
  std::chrono::steady_clock::time_point start_, end_;
};

}  // namespace kairos::host::cli
