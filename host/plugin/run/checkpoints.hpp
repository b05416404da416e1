// SPDX-License-Identifier: MIT
// The files that callbacks save, and who hears of them.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kairos/host/training_target.hpp"
#include "plugin/run/background_save.hpp"

namespace kairos::host {

struct Instance;
class Session;

class Checkpoints {
 public:
  explicit Checkpoints(Session& session) : session_(session) {}

  /// `path` is about to be written: removes what a killed process has left in its directory, at the first
  /// file in each.
  void prepare(const std::filesystem::path& path);
  /// `path` is complete: records it and calls on_checkpoint_saved of every instance but `author`. `label` is
  /// that of the weights in it. A listener's fatal failure is postponed until the hook that saved returns.
  void announce(const std::string& path, SaveContent content, const Instance& author,
                const std::string& label);
  /// Writes a file while training goes on; `settle` announces it.
  void save_in_background(BackgroundSave::Order order, std::function<void()> write);
  /// Announces files written in the background since the last call; one that could not be written is a
  /// failure of its author.
  void settle(BackgroundSave::Waiting waiting);
  /// Until the file being written is complete.
  void wait() const { background_.wait(); }

  [[nodiscard]] const std::vector<std::filesystem::path>& files() const noexcept { return files_; }
  /// The files of the processes before this one.
  void restore(std::vector<std::filesystem::path> files) { files_ = std::move(files); }

 private:
  /// Waits for the file being written, and says so if that takes long.
  void tell_waiting() const;

  Session& session_;
  BackgroundSave background_;
  std::vector<std::filesystem::path> files_;
  std::set<std::filesystem::path> directories_;  ///< that were prepared
};

}  // namespace kairos::host
