// SPDX-License-Identifier: MIT
// The result of `fit`: the logs of every epoch, and how the run ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/callbacks.hpp"

namespace kairos::host {

/// One list per key, all as long as `epochs`. A value that was unavailable in an epoch is an empty entry of
/// its list, so that entries of all lists with the same index belong to the same epoch.
struct History {
  struct Series {
    std::string key;
    std::vector<std::optional<double>> values;
  };

  std::vector<std::int64_t> epochs;  ///< indices from 0
  std::vector<Series> series;  ///< keys that had a value at least once: loss, metrics, val_…, published ones

  RunEnd end = RunEnd::Completed;
  std::optional<StopRequest> stop;                 ///< the first request to stop
  std::vector<std::filesystem::path> saved_files;  ///< checkpoints, in order
  std::string callback_state;  ///< for FitOptions::callback_state of a run that continues this one

  /// Values of a key; null if the key does not exist.
  [[nodiscard]] const std::vector<std::optional<double>>* find(std::string_view key) const noexcept;
  /// Last available value of a key; empty if it has none.
  [[nodiscard]] std::optional<double> last(std::string_view key) const noexcept;

  /// Adds an epoch with one value per key.
  void append(std::int64_t epoch, std::span<const LogKey> keys, const std::vector<LogValue>& values);

  /// {"epoch": […], "history": {key: […]}} in full precision. Missing values are null; values that are no
  /// JSON numbers are the strings "NaN", "Infinity" and "-Infinity".
  [[nodiscard]] std::string json() const;
  /// epoch,key,… with NA for missing values.
  [[nodiscard]] std::string csv() const;
  /// As Python's str(history.history): {'loss': [0.5, 0.25]}.
  [[nodiscard]] std::string text() const;
};

/// Reads the output of History::json, or a plain {key: […]} as saved from Keras' history.history. `origin`
/// names the text in messages. Throws Error(File).
[[nodiscard]] History parse_history(std::string_view json, std::string_view origin);

/// Writes the format that the file extension selects: .json, .csv or .txt. Throws Error(Usage) for any other
/// extension, Error(File) if the file cannot be written.
void write_history(const History& history, const std::filesystem::path& file);

/// Throws Error(Usage) for a file extension that `write_history` would reject.
void check_history_ending(const std::filesystem::path& file);

}  // namespace kairos::host
