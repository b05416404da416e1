// SPDX-License-Identifier: MIT
// What `fit` returns: every number of every epoch, and how the run ended.
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

/// One list per key, all as long as `epochs`. A value that was not due in an epoch is missing there, never
/// shifted.
struct History {
  struct Series {
    std::string key;
    std::vector<std::optional<double>> values;
  };

  std::vector<std::int64_t> epochs;  ///< indices from 0
  std::vector<Series> series;  ///< keys that had a value at least once: loss, metrics, val_…, published ones

  RunEnd end = RunEnd::Completed;
  std::optional<StopRequest> stop;                 ///< who asked for the end first
  std::vector<std::filesystem::path> saved_files;  ///< checkpoints, in order
  std::string callback_state;                      ///< for FitOptions::callback_state of a run that goes on

  /// Values of a key; null if there is none.
  [[nodiscard]] const std::vector<std::optional<double>>* find(std::string_view key) const noexcept;
  /// Last value of a key; empty if it has none.
  [[nodiscard]] std::optional<double> last(std::string_view key) const noexcept;

  /// Adds an epoch; `values` are as many as `keys`.
  void append(std::int64_t epoch, std::span<const LogKey> keys, const std::vector<LogValue>& values);

  /// {"epoch": […], "history": {key: […]}} in full precision. Missing values are null; what JSON has no
  /// number for is written as "NaN", "Infinity", "-Infinity".
  [[nodiscard]] std::string json() const;
  /// epoch,key,… with NA for missing values.
  [[nodiscard]] std::string csv() const;
  /// What Python's str(history.history) prints: {'loss': [0.5, 0.25]}.
  [[nodiscard]] std::string text() const;
};

/// Reads what `json` wrote, or a bare {key: […]} as people save it from Keras. Throws Error(File).
[[nodiscard]] History parse_history(std::string_view json, std::string_view origin);

/// Writes by the ending: .json, .csv or .txt. Throws Error(Usage) for another, Error(File) if it cannot be
/// written.
void write_history(const History& history, const std::filesystem::path& file);

/// Throws Error(Usage) now for an ending that `write_history` would refuse later.
void check_history_ending(const std::filesystem::path& file);

}  // namespace kairos::host
