// SPDX-License-Identifier: MIT
// Runs callbacks over given logs with nothing to train: what would they have decided?
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// Values of one event by their keys; a key that is not due is not there.
using LogRow = std::vector<std::pair<std::string, double>>;

struct ReplayEpoch {
  LogRow logs;                  ///< what the epoch ends with, `val_…` keys included
  std::vector<LogRow> batches;  ///< running means after each batch; may be empty
};

struct ReplayRun {
  double learning_rate = 0.001;
  std::int64_t initial_epoch = 0;
  std::vector<ReplayEpoch> epochs;
  std::vector<PluginSpec> plugins;
  RunFiles files;             ///< what the caller reads and writes
  bool owns_process = false;  ///< as CallbacksOptions::owns_process
  /// Which way a key of the logs improves; null: unknown for every key.
  Direction (*direction)(std::string_view key) = nullptr;
};

struct ReplayResult {
  struct Saved {
    std::int64_t epoch;
    std::filesystem::path file;
  };
  struct Published {
    std::string key;
    std::vector<std::optional<double>> values;  ///< one for each epoch that ended
  };

  std::int64_t epochs_run = 0;
  std::vector<double> rates;  ///< used in each epoch, as float32 holds them
  double final_rate = 0;
  std::optional<StopRequest> stop;
  std::vector<Saved> saved;
  double final_weight = 0;
  std::vector<Published> published;
  std::string error;  ///< why the run ended early, or did not begin; "" if nothing failed
};

/// Drives the plugins through the same dispatch as a fit. What is trained is one weight, which is e + 1 when
/// the epoch of index e ends, and a learning rate; both are float32. Every path that an option names to write
/// to is moved into `directory`, so that nothing of an earlier run is written over. Does not throw for what
/// is wrong with the plugins or their options: see `error`.
[[nodiscard]] ReplayResult replay(const ReplayRun& run, const Catalog& catalog,
                                  const std::filesystem::path& directory, const MessageSink& messages);

}  // namespace kairos::host
