// SPDX-License-Identifier: MIT
// Samples in memory: named inputs and targets with as many rows each, and weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kairos/host/array.hpp"

namespace kairos::host {

struct NamedArray {
  std::string name;  ///< of the model's port that it is for; "" means by position
  Array array;       ///< [n_samples, …]
  /// Of an input from a table with a header: the names of its columns, one for each value of a sample. Else
  /// empty.
  std::vector<std::string> columns = {};
};

/// How messages call a sample: by its line in a text file (counted from 1) or by its row in an array (from
/// 0).
enum class RowNaming { Index, Line };

/// What `fit`, `evaluate` and `predict` read. All arrays have the same number of rows; `check()` says so.
struct Dataset {
  std::vector<NamedArray> inputs;
  std::vector<NamedArray> targets;  ///< empty for predict
  std::vector<NamedArray>
      sample_weights;  ///< empty, one for all outputs, one per output, or named; [n] or [n, timesteps]
  std::string origin;  ///< where it was read from, for messages: "iris.csv"
  std::int64_t first_row =
      0;  ///< row of the file that sample 0 stands in, for messages; 1 for a CSV with a header
  RowNaming row_naming = RowNaming::Index;
  std::vector<std::string>
      class_names;  ///< what the labels 0, 1, … of a target of text mean; empty if it was numbers
  std::vector<std::string> files;  ///< of pictures: where each sample stands; else empty
  /// What a person should know of how it was read, such as columns that were left out; one line each.
  std::vector<std::string> notes;
  /// Files and directories that it was read from: results of a run never take their place.
  std::vector<std::filesystem::path> sources;

  [[nodiscard]] std::int64_t size() const noexcept {
    return inputs.empty() ? 0 : inputs.front().array.rows();
  }

  /// Throws Error(Data) unless all row counts agree, no value is NaN or infinite, and no weight is negative
  /// or NaN; names array, row and column.
  void check() const;

  /// Where a sample stands, for messages: "iris.csv:17" or "digits.npz: row 16 (counted from 0)".
  [[nodiscard]] std::string place(std::int64_t sample) const;

  /// Rows [begin, end) as a data set of its own (copies).
  [[nodiscard]] Dataset rows(std::int64_t begin, std::int64_t end) const;
};

}  // namespace kairos::host
