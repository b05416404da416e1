// SPDX-License-Identifier: MIT
// The lock is on the directory itself, so there is no lock file to remove.
#include "cli/run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "base/atomic_file.hpp"
#include "cli/output_files.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

RunDirectory::RunDirectory(const std::string& directory, Use use) : is_only_read_(use == Use::Reading) {
  if (directory.empty()) return;
  path_ = std::filesystem::absolute(directory).lexically_normal();
  if (!path_.has_filename()) path_ = path_.parent_path();  // "runs/a/" is "runs/a"
  require_writable((path_ / "run.json").string(), "--run-dir");
}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

bool RunDirectory::holds(const char* name) const {
  std::error_code ignored;
  return !path_.empty() && std::filesystem::exists(path_ / name, ignored);
}

void RunDirectory::lock() {
  if (path_.empty() || lock_ >= 0 || is_only_read_) return;
  lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) return;
  // Some network file systems have no locks; training goes on without one. `kairos runs` holds a lock for a
  // moment to learn whether there is a run.
  constexpr int tries = 10;
  const auto is_taken = [&] { return ::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; };
  bool taken = is_taken();
  for (int i = 1; taken && i < tries; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    taken = is_taken();
  }
  if (taken)
    throw Error(ErrorKind::File,
                {"KAIROS-F063", "--run-dir " + path_.string(), "another run is writing to this directory", "",
                 "", "Wait for it to end, or choose another directory"});
}

void RunDirectory::begin(const char* name, const std::string& configuration) {
  if (path_.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (!error) lock();
  if (!error && lock_ < 0) error = std::error_code(errno, std::generic_category());
  if (error)
    throw Error(ErrorKind::File,
                {"KAIROS-F062", "--run-dir " + path_.string(), "the directory cannot be created",
                 error.message(), "", "Choose another place"});
  write_file(path_ / name, configuration);
}

}  // namespace kairos::host::cli
