// SPDX-License-Identifier: MIT
// The test is to begin a file and to discard it.
#include "cli/output_files.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/atomic_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

void require_writable(const std::string& file, const std::string& flag) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path path = fs::absolute(file, error);
  if (fs::is_directory(path, error))
    throw Error(ErrorKind::File, {"KAIROS-F061", flag + " " + file, "there is a directory of this name", "",
                                  "a file name", "Add a file name"});
  // The nearest existing directory decides: those below it would be created.
  fs::path directory = path.parent_path();
  while (!fs::exists(directory, error) && directory.has_relative_path()) directory = directory.parent_path();
  if (fs::is_directory(directory, error) && ::access(directory.c_str(), W_OK | X_OK) == 0) {
    // Root may write anywhere, but not every file system accepts files: one is begun and discarded.
    if (directory == path.parent_path()) const AtomicFile attempt(path);
    return;
  }
  throw Error(ErrorKind::File,
              {"KAIROS-F061", flag + " " + file, "no file can be created in " + directory.string(),
               fs::is_directory(directory, error) ? std::strerror(EACCES) : std::strerror(ENOTDIR),
               "a writable directory", "Choose another place"});
}

}  // namespace kairos::host::cli
