// SPDX-License-Identifier: MIT
// Descriptors 0 to 2, which a plugin may close or replace by accident.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>

namespace kairos::host {

/// Keeps a copy of each. Programs that are started do not inherit the copies.
class StandardStreams {
 public:
  StandardStreams();
  ~StandardStreams();
  StandardStreams(const StandardStreams&) = delete;
  StandardStreams& operator=(const StandardStreams&) = delete;

  /// Restores those that refer to something else now, and names them: "standard output"; "" if none does.
  std::string restore() const;

 private:
  struct Stream {
    int copy = -1;  ///< -1 if it was closed
    dev_t device = 0;
    ino_t inode = 0;
  };
  std::array<Stream, 3> streams_;
};

}  // namespace kairos::host
