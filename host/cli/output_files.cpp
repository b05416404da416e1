// SPDX-License-Identifier: MIT
// The test is to begin a file and to discard it.
#include "cli/output_files.hpp"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/atomic_file.hpp"
#include "base/temporary_files.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

/// A name that is too long would hide the message.
std::string shortened(const std::string& file) {
  constexpr std::size_t longest = 60;
  return file.size() > longest ? "…" + file.substr(file.size() - longest) : file;
}

}  // namespace

void require_writable(const std::string& file, const std::string& flag) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path path = fs::absolute(file, error);
  for (const fs::path& name : path)
    if (name.native().size() > NAME_MAX)
      throw Error(ErrorKind::File,
                  {"KAIROS-F061", flag + " " + shortened(file), "a name is too long for a file",
                   std::to_string(name.native().size()) + " bytes",
                   "at most " + std::to_string(NAME_MAX) + " bytes", "Choose a shorter name"});
  if (path.native().size() >= PATH_MAX)
    throw Error(ErrorKind::File,
                {"KAIROS-F061", flag + " " + shortened(file), "the path is too long",
                 std::to_string(path.native().size()) + " bytes",
                 "less than " + std::to_string(PATH_MAX) + " bytes", "Choose a shorter path"});
  if (fs::is_directory(path, error))
    throw Error(ErrorKind::File, {"KAIROS-F061", flag + " " + file, "there is a directory of this name", "",
                                  "a file name", "Add a file name"});
  // The nearest existing directory decides: those below it would be created.
  fs::path directory = path.parent_path();
  while (!fs::exists(directory, error) && directory.has_relative_path()) directory = directory.parent_path();
  remove_dead_temporaries(path.parent_path());
  errno = ENOTDIR;
  if (fs::is_directory(directory, error) && ::access(directory.c_str(), W_OK | X_OK) == 0) {
    // Root may write anywhere, but not every file system accepts files: one is begun and discarded.
    if (directory == path.parent_path()) const AtomicFile attempt(path);
    return;
  }
  const int reason = errno;
  throw Error(ErrorKind::File,
              {"KAIROS-F061", flag + " " + file, "no file can be created in " + directory.string(),
               std::strerror(reason), "a writable directory",
               reason == EROFS ? "Choose a place on another file system" : "Choose another place"});
}

}  // namespace kairos::host::cli
