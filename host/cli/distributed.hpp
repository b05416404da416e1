// SPDX-License-Identifier: MIT
// A fit with --distributed: this process as one of several ranks.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "cli/settings.hpp"
#include "dist/connected_ranks.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

class DistributedFit {
 public:
  /// Without --distributed, one process alone: settings for ranks are refused, and a starter of several
  /// processes is warned of. Otherwise begins message passing; a failure in it is thrown.
  explicit DistributedFit(const Settings& settings);
  ~DistributedFit();
  DistributedFit(const DistributedFit&) = delete;
  DistributedFit& operator=(const DistributedFit&) = delete;

  /// Runs the fit and returns its exit code. If it fails on a rank, all ranks end: the lowest one that is
  /// left reports it.
  int run(const std::function<int()>& fit);

  /// Rank 0 alone reads a run to go on with it, writes, and talks.
  [[nodiscard]] bool is_root() const noexcept { return ranks_ == nullptr || ranks_->rank() == 0; }
  /// To be called before data are read: the program, the settings and the plugins of all ranks are the same.
  void compare(const Settings& settings, const Catalog& catalog, std::span<const PluginSpec> plugins);
  /// Batch sizes of all ranks, threads, and who says what.
  void prepare(const Settings& settings, FitOptions& options);
  /// What rank 0 alone writes.
  void leave_outputs_to_root(Settings& settings, FitOptions& options) const;
  /// To be called when signals are watched.
  void watch(const std::atomic<int>& signal) {
    if (ranks_) ranks_->watch(signal);
  }
  /// "2 ranks on 1 host with 1 thread each, batches of 64 samples"; "" for one process alone.
  [[nodiscard]] const std::string& layout() const noexcept { return layout_; }

 private:
  [[noreturn]] void end_all(const Error& error);

  std::unique_ptr<ConnectedRanks> ranks_;  ///< null without --distributed
  std::filesystem::path scratch_;          ///< in place of the run directory
  std::string layout_;
};

/// Of a process that cannot begin: whether another rank says so.
[[nodiscard]] bool another_rank_reports(std::span<const std::string> arguments);

}  // namespace kairos::host::cli
