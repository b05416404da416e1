// SPDX-License-Identifier: MIT
// Which files a run reads and writes, so that no result takes the place of what was read, or of another
// result.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kairos::host {

/// What a file holds. A model, the state of callbacks, class names and names of columns are read completely
/// before training: a result of the same kind may replace them, which is how runs go on. Nothing else that is
/// read is replaced.
enum class FileContent { Data, Configuration, Plugin, Model, State, ClassNames, InputColumns, Other };

/// A file that a run reads, or a directory with everything in it.
struct ReadFile {
  std::filesystem::path path;
  std::string name;  ///< as messages call it: "--data"
  FileContent content = FileContent::Data;
};

/// A file that the caller writes itself, before the run, during it or after it.
struct WrittenFile {
  std::filesystem::path path;
  std::string name;  ///< as messages call it: "--history"
  FileContent content = FileContent::Other;
  std::string cure = "Choose another name";
};

/// Relative paths are taken from the current directory.
struct RunFiles {
  std::vector<ReadFile> read;
  std::vector<WrittenFile> written;
};

}  // namespace kairos::host
