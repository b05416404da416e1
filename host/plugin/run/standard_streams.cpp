// SPDX-License-Identifier: MIT
// A stream is known by the file that it refers to.
#include "plugin/run/standard_streams.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace kairos::host {

StandardStreams::StandardStreams() {
  constexpr int first_copy = 10;  // programs of users begin to count at 3
  for (int stream = 0; stream < 3; ++stream) {
    struct stat status {};
    if (::fstat(stream, &status) != 0) continue;
    streams_[static_cast<std::size_t>(stream)] = {::fcntl(stream, F_DUPFD_CLOEXEC, first_copy), status.st_dev,
                                                  status.st_ino};
  }
}

StandardStreams::~StandardStreams() {
  for (const Stream& stream : streams_)
    if (stream.copy >= 0) ::close(stream.copy);
}

std::string StandardStreams::restore() const {
  constexpr const char* names[] = {"standard input", "standard output", "standard error"};
  const int error = errno;
  std::string changed;
  for (int stream = 0; stream < 3; ++stream) {
    const Stream& own = streams_[static_cast<std::size_t>(stream)];
    struct stat now {};
    const bool same = ::fstat(stream, &now) == 0 && now.st_dev == own.device && now.st_ino == own.inode;
    if (own.copy < 0 || same || ::dup2(own.copy, stream) < 0) continue;
    changed += (changed.empty() ? "" : ", ") + std::string(names[stream]);
  }
  errno = error;
  return changed;
}

}  // namespace kairos::host
