// SPDX-License-Identifier: MIT
// The files that a run reads and those that it writes, so that no result replaces an input of the run, or
// another result.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kairos::host {

/// What a file contains. Models, callback states, class names and column names are read completely before
/// training, so a result of the same kind may replace them when a run is continued. No other input is
/// replaced.
enum class FileContent { Data, Configuration, Plugin, Model, State, ClassNames, InputColumns, Other };

/// A file that a run reads, or a directory with all its content.
struct ReadFile {
  std::filesystem::path path;
  std::string name;  ///< as used in messages: "--data"
  FileContent content = FileContent::Data;
};

/// A file that the caller writes before, during or after the run.
struct WrittenFile {
  std::filesystem::path path;
  std::string name;  ///< as used in messages: "--history"
  FileContent content = FileContent::Other;
  std::string cure = "Choose another name";
};

/// Relative paths refer to the current directory.
struct RunFiles {
  std::vector<ReadFile> read;
  std::vector<WrittenFile> written;
};

}  // namespace kairos::host
