// SPDX-License-Identifier: MIT
// Samples in memory: named inputs and targets with equal numbers of rows, and weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kairos/host/array.hpp"

namespace kairos::host {

struct NamedArray {
  std::string name;  ///< of the model's port; "" means by position
  Array array;       ///< [n_samples, …]
  /// Of an input from a table with a header: the names of its columns, one for each value of a sample.
  /// Otherwise empty.
  std::vector<std::string> columns = {};
  /// The file that it was read from if that is not Dataset::origin; for messages.
  std::string origin = {};
  /// Added to Dataset::first_row, the row of `origin` that contains sample 0 (counted from 0).
  std::int64_t row_offset = 0;
};

/// How messages identify a sample: by its line in a text file (counted from 1) or by its row in an array
/// (from 0).
enum class RowNaming { Index, Line };

/// Input of `fit`, `evaluate` and `predict`. All arrays have equal numbers of rows, as `check()` verifies.
struct Dataset {
  std::vector<NamedArray> inputs;
  std::vector<NamedArray> targets;  ///< empty for predict
  std::vector<NamedArray>
      sample_weights;  ///< empty, one for all outputs, one per output, or named; [n] or [n, timesteps]
  std::string origin;  ///< the file that it was read from, for messages: "iris.csv"
  std::int64_t first_row =
      0;  ///< the row of the file that contains sample 0, for messages; 1 for a CSV with a header
  RowNaming row_naming = RowNaming::Index;
  std::vector<std::string>
      class_names;  ///< names of the labels 0, 1, … of a string target; empty for a numeric one
  std::vector<std::string> files;  ///< of images: the file of each sample; otherwise empty
  /// What users should know about how it was read, such as columns that were left out; one line each.
  std::vector<std::string> notes;
  /// Files and directories that it was read from; results of a run never replace them.
  std::vector<std::filesystem::path> sources;

  [[nodiscard]] std::int64_t size() const noexcept {
    return inputs.empty() ? 0 : inputs.front().array.rows();
  }

  /// Throws Error(Data) unless all row counts agree, all values are finite, and no weight is negative; names
  /// array, row and column.
  void check() const;

  /// The location of a sample, for messages: "iris.csv:17" or "digits.npz: row 16 (counted from 0)".
  [[nodiscard]] std::string place(std::int64_t sample) const;

  /// The location of a sample's value in one of the arrays, which may have a file of its own.
  [[nodiscard]] std::string place(const NamedArray& array, std::int64_t sample) const;

  /// The file that one of the arrays was read from.
  [[nodiscard]] const std::string& origin_of(const NamedArray& array) const noexcept {
    return array.origin.empty() ? origin : array.origin;
  }

  /// A copy of rows [begin, end).
  [[nodiscard]] Dataset rows(std::int64_t begin, std::int64_t end) const;
};

}  // namespace kairos::host
