// SPDX-License-Identifier: MIT
// The file in which trials of a search report their values to each other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace kairos::plugins {

/// What a trial has reported.
struct Trial {
  std::map<std::int64_t, double> values;  ///< by epoch, counted from 1
  bool is_complete = false;
};
using Trials = std::map<std::string, Trial, std::less<>>;

/// A CSV file "trial,epoch,value" that several processes append to, each line whole and under a lock. In
/// place of a number, `epoch` may be begin, which forgets earlier values of the trial, complete or pruned.
/// Errors are thrown as kairos::Error.
class TrialsFile {
 public:
  explicit TrialsFile(std::filesystem::path path) : path_(std::move(path)) {}

  /// Appends a line, and returns what all trials have reported. A last line that has no end is replaced. If
  /// the disk is full, the file stays as it is.
  Trials report(std::string_view trial, std::string_view epoch, std::string_view value = "") const;

  /// Lines that are none are left out, because another program may have written them, and a last one without
  /// an end.
  [[nodiscard]] static Trials read(std::string_view text);

 private:
  std::filesystem::path path_;
};

}  // namespace kairos::plugins
