// SPDX-License-Identifier: MIT
// A lock on the directory itself: no lock file, and released when the process ends.
#include "run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <kairos/error.hpp>
#include <string>
#include <system_error>

namespace kairos::plugins::tensorboard {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& directory, const std::string& why) {
  throw Error(KAIROS_E_IO, "cannot create or write \"" + directory.string() + "\": " + why +
                               ". Set log_dir to a writable directory with free space");
}

}  // namespace

void require_writable(const fs::path& directory) {
  std::error_code ignored;
  fs::path place = directory;
  while (!fs::exists(fs::symlink_status(place, ignored)) && place.has_relative_path())
    place = place.parent_path();
  if (!fs::is_directory(place, ignored)) fail(directory, "\"" + place.string() + "\" is not a directory");
  if (::access(place.c_str(), W_OK | X_OK) != 0)
    fail(directory, "\"" + place.string() + "\": " + std::generic_category().message(errno));
}

bool is_run_directory(const fs::path& directory, std::string_view run_directory) {
  if (run_directory.empty()) return false;
  const auto normal = [](const fs::path& path) { return (path / "").lexically_normal(); };
  std::error_code ignored;
  return normal(directory) == normal(run_directory) || fs::equivalent(directory, run_directory, ignored);
}

RunDirectory::~RunDirectory() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RunDirectory::check(const fs::path& directory) {
  require_writable(directory);
  std::error_code ignored;
  if (fs::is_directory(directory, ignored)) lock(directory);
}

void RunDirectory::claim(const fs::path& directory) {
  if (descriptor_ >= 0) return;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) fail(directory, error.message());
  lock(directory);
}

void RunDirectory::lock(const fs::path& directory) {
  if (descriptor_ >= 0 || is_locked_) return;
  descriptor_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) fail(directory, std::generic_category().message(errno));
  // Without locks of the file system, nothing can be checked.
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  descriptor_ = -1;
  throw Error(
      KAIROS_E_IO,
      "\"" + directory.string() +
          "\" is used by another run, and TensorBoard would lose points of one of them. Give each run its "
          "own log_dir");
}

}  // namespace kairos::plugins::tensorboard
