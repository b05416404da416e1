// SPDX-License-Identifier: MIT
// Runs callbacks over recorded logs, without training, to show what they would have decided.
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

/// Values of one event by key; unavailable keys are absent.
using LogRow = std::vector<std::pair<std::string, double>>;

struct ReplayEpoch {
  LogRow logs;                  ///< at the end of the epoch, including `val_…` keys
  std::vector<LogRow> batches;  ///< running means after each batch; may be empty
};

struct ReplayRun {
  double learning_rate = 0.001;
  std::int64_t initial_epoch = 0;
  std::vector<ReplayEpoch> epochs;
  std::vector<PluginSpec> plugins;
  RunFiles files;             ///< files that the caller reads and writes
  bool owns_process = false;  ///< as CallbacksOptions::owns_process
  /// The direction in which a key of the logs improves; null: unknown for every key.
  Direction (*direction)(std::string_view key) = nullptr;
};

struct ReplayResult {
  struct Saved {
    std::int64_t epoch;
    std::filesystem::path file;
  };
  struct Published {
    std::string key;
    std::vector<std::optional<double>> values;  ///< one per completed epoch
  };

  std::int64_t epochs_run = 0;
  std::vector<double> rates;  ///< of each epoch, rounded to float32
  double final_rate = 0;
  std::optional<StopRequest> stop;
  std::vector<Saved> saved;
  double final_weight = 0;
  std::vector<Published> published;
  std::string error;  ///< why the run failed; "" if it did not
};

/// Runs the plugins through the same dispatch as a fit. The trained model is one weight, which is e + 1 at
/// the end of the epoch with index e, and a learning rate; both are float32. Every output path in an option
/// is moved into `directory`, so that no file of an earlier run is replaced. Errors in plugins or their
/// options are not thrown, but returned in `error`.
[[nodiscard]] ReplayResult replay(const ReplayRun& run, const Catalog& catalog,
                                  const std::filesystem::path& directory, const MessageSink& messages);

}  // namespace kairos::host
